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
        List<int> kept = [];
        foreach (int label in labels)
        {
            int axis = kept.Count, place = kept.IndexOf(label);
            if (operand.Shape[axis] == 1 && equation.SizeOf(label) != 1) operand = operand.Squeeze(axis);
            else if (place >= 0) operand = operand.Diagonal(place, axis);
            else kept.Add(label);
        }
        return new EinsumTerm(operand, [.. kept]);
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
        Span<int> order = stackalloc int[Labels.Length];
        int count = 0;
        foreach (int label in labels)
            if (Array.IndexOf(Labels, label) is >= 0 and int axis) order[count++] = axis;
        Tensor arranged = Tensor.Permute(order);
        for (int i = 0; i < labels.Length; i++)
            if (!Labels.Contains(labels[i])) arranged = arranged.Unsqueeze(i);
        return arranged;
    }
}
