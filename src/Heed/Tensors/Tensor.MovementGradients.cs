namespace Heed.Tensors;

/// <content>The gradients of views and copies. A part's gradient goes to its place; what was repeated is summed.</content>
public sealed partial class Tensor
{
    /// <summary>The diagonal of two axes of one size: the second one disappears. A view.</summary>
    internal Tensor Diagonal(int axis, int other)
    {
        Span<int> sizes = stackalloc int[Shape.MaxRank], strides = stackalloc int[Shape.MaxRank];
        CopyAxes(sizes, strides);
        strides[axis] += strides[other];
        sizes[(other + 1)..Rank].CopyTo(sizes[other..]);
        strides[(other + 1)..Rank].CopyTo(strides[other..]);
        Tensor view = View(new Shape(sizes[..(Rank - 1)]), strides, _offset);
        if (GradientTape.Watching(this) is { } tape) DiagonalGradient(tape, this, axis, other, view);
        return view;
    }

    private static void ReshapeGradient(GradientTape tape, Tensor source, Tensor view)
    {
        GradientNode node = source.Node!;
        tape.Record(view, gradient => node.Add(gradient.Reshape(node.Shape)));
    }

    private static void MoveGradient(GradientTape tape, Tensor source, Tensor moved)
    {
        GradientNode node = source.Node!;
        Device home = source.Device;
        tape.Record(moved, gradient => node.Add(gradient.To(home)));
    }

    private static void PermuteGradient(GradientTape tape, Tensor source, ReadOnlySpan<int> order, Tensor view)
    {
        GradientNode node = source.Node!;
        int[] back = new int[order.Length];
        for (int i = 0; i < back.Length; i++) back[order[i]] = i;
        tape.Record(view, gradient => node.Add(gradient.Permute(back)));
    }

    private static void BroadcastGradient(GradientTape tape, Tensor source, Tensor view)
    {
        GradientNode node = source.Node!;
        tape.Record(view, gradient => node.Add(Ops.SumTo(gradient, node.Shape)));
    }

    private static void SliceGradient(GradientTape tape, Tensor source, int axis, int start, int length, Tensor view)
    {
        GradientNode node = source.Node!;
        tape.Record(view, gradient => node.Accumulate(whole => Ops.AddInPlace(whole.Slice(axis, start, length), gradient)));
    }

    private static void EveryGradient(GradientTape tape, Tensor source, int axis, int step, Tensor view)
    {
        GradientNode node = source.Node!;
        tape.Record(view, gradient => node.Accumulate(whole => Ops.AddInPlace(whole.Every(axis, step), gradient)));
    }

    private static void DiagonalGradient(GradientTape tape, Tensor source, int axis, int other, Tensor view)
    {
        GradientNode node = source.Node!;
        tape.Record(view, gradient => node.Accumulate(whole => Ops.AddInPlace(whole.Diagonal(axis, other), gradient)));
    }
}
