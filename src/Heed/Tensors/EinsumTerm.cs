namespace Heed.Tensors;

/// <summary>A tensor in the midst of an einsum: each axis has a label of its own.</summary>
internal readonly record struct EinsumTerm(Tensor Tensor, int[] Labels)
{
    /// <summary>Which labels it has, as bits.</summary>
    public ulong Set => SetOf(Labels);

    public static ulong SetOf(ReadOnlySpan<int> labels)
    {
        ulong set = 0;
        foreach (int label in labels) set |= 1UL << label;
        return set;
    }

    /// <summary>
    /// An operand as a term: repeated labels become the diagonal, and axes of one element whose label is larger elsewhere
    /// go, since they repeat.
    /// </summary>
    public static EinsumTerm Of(Tensor operand, ReadOnlySpan<int> labels, EinsumEquation equation)
    {
        Span<int> sizes = stackalloc int[Shape.MaxRank], strides = stackalloc int[Shape.MaxRank];
        List<int> kept = [];
        for (int axis = 0; axis < labels.Length; axis++)
        {
            int size = operand.Shape[axis], place = kept.IndexOf(labels[axis]);
            if (place >= 0)
            {
                strides[place] += operand.Stride(axis);
                continue;
            }
            if (size == 1 && equation.SizeOf(labels[axis]) != 1) continue;
            sizes[kept.Count] = size;
            strides[kept.Count] = operand.Stride(axis);
            kept.Add(labels[axis]);
        }
        return new EinsumTerm(operand.View(new Shape(sizes[..kept.Count]), strides, operand.Offset), [.. kept]);
    }

    /// <summary>Sums over all labels that are not in <paramref name="needed"/>.</summary>
    public EinsumTerm SumOut(ulong needed)
    {
        int folded = 0;
        for (int axis = 0; axis < Labels.Length; axis++)
            if ((needed & (1UL << Labels[axis])) == 0) folded |= 1 << axis;
        if (folded == 0) return this;
        return new EinsumTerm(Ops.Reduce(ReduceOp.Sum, Tensor, folded, keepDims: false), [.. Labels.Where(label => (needed & (1UL << label)) != 0)]);
    }

    /// <summary>The axes in the order of <paramref name="labels"/>; labels it lacks become axes of one element.</summary>
    public Tensor Arrange(ReadOnlySpan<int> labels)
    {
        Span<int> sizes = stackalloc int[labels.Length], strides = stackalloc int[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            int axis = Array.IndexOf(Labels, labels[i]);
            sizes[i] = axis < 0 ? 1 : Tensor.Shape[axis];
            strides[i] = axis < 0 ? 0 : Tensor.Stride(axis);
        }
        return Tensor.View(new Shape(sizes), strides, Tensor.Offset);
    }
}
