namespace Heed.Tensors;

/// <content>Grouping of axes, for what computes on three axes at a time.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// The tensor with three axes: those before <paramref name="second"/>, those from there up to
    /// <paramref name="third"/>, and the rest, each group merged. A view where strides allow, else a view of a copy.
    /// </summary>
    internal Tensor Group(int second, int third)
    {
        Span<int> strides = stackalloc int[3];
        bool merges = Merge(0, second, out int size0, out strides[0]);
        merges &= Merge(second, third, out int size1, out strides[1]);
        merges &= Merge(third, Rank, out int size2, out strides[2]);
        Shape shape = new(size0, size1, size2);
        if (!merges) return Reshape(shape);
        Tensor view = View(shape, strides, _offset);
        if (GradientTape.Watching(this) is { } tape) ReshapeGradient(tape, this, view);
        return view;
    }

    /// <summary>Axes from … to − 1 as one; false if they don't lie evenly one in the other.</summary>
    private bool Merge(int from, int to, out int size, out int stride)
    {
        size = 1;
        stride = 0;
        bool merges = true;
        for (int axis = to - 1; axis >= from; axis--)
        {
            if (_shape[axis] == 1) continue;
            if (size == 1) stride = _strides[axis];
            else merges &= _strides[axis] == size * stride;
            size *= _shape[axis];
        }
        return merges;
    }
}
