namespace Heed.Tensors;

/// <content>Sliding windows.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// All windows of <paramref name="size"/> neighbours along an axis, <paramref name="step"/> apart: that axis becomes
    /// the windows', and a last axis holds their elements. A view; windows that overlap share memory.
    /// </summary>
    /// <exception cref="ArgumentException">The axis has fewer than <paramref name="size"/> elements, or the shape has too many axes.</exception>
    public Tensor Unfold(Index axis, int size, int step = 1)
    {
        int along = axis.GetOffset(Rank);
        if ((uint)along >= (uint)Rank || Rank == Shape.MaxRank) TensorErrors.Argument($"Unfold: axis {axis} does not fit x {Shape}; expected one of up to {Shape.MaxRank - 1} axes.");
        if (size < 1 || step < 1 || size > Shape[along])
            TensorErrors.Argument($"Unfold: size {size}, step {step} for axis {along} of x {Shape}; expected a size of 1 to {Shape[along]} and a step of 1 or more.");
        Span<int> sizes = stackalloc int[Shape.MaxRank], strides = stackalloc int[Shape.MaxRank];
        CopyAxes(sizes, strides);
        sizes[Rank] = size;
        strides[Rank] = strides[along];
        sizes[along] = (sizes[along] - size) / step + 1;
        strides[along] *= step;
        return View(new Shape(sizes[..(Rank + 1)]), strides, _offset);
    }
}
