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
        Tensor view = View(new Shape(sizes[..(Rank + 1)]), strides, _offset);
        if (GradientTape.Watching(this) is { } tape) UnfoldGradient(tape, this, along, size, step, view);
        return view;
    }

    /// <summary>An element gets the sum of its gradients in all windows.</summary>
    private static void UnfoldGradient(GradientTape tape, Tensor x, int along, int size, int step, Tensor view)
    {
        GradientNode node = x.Node!;
        tape.Record(view, gradient => node.Accumulate(sum =>
        {
            int windows = gradient.Shape[along];
            for (int i = 0; i < size; i++)
            {
                Tensor cells = sum.Slice(along, i, (windows - 1) * step + 1).Every(along, step);
                Ops.AddInPlace(cells, gradient.Select(^1, i));
            }
        }));
    }
}
