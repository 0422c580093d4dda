namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>Folds the axes whose bits are set in <paramref name="folded"/>.</summary>
    internal static Tensor Reduce(ReduceOp op, Tensor x, int folded, bool keepDims)
    {
        Span<int> order = stackalloc int[Shape.MaxRank], sizes = stackalloc int[Shape.MaxRank];
        int kept = 0, resultRank = 0;
        for (int axis = 0; axis < x.Rank; axis++)
        {
            bool fold = (folded & (1 << axis)) != 0;
            if (!fold) order[kept++] = axis;
            if (!fold || keepDims) sizes[resultRank++] = fold ? 1 : x.Shape[axis];
        }
        int last = kept;
        for (int axis = 0; axis < x.Rank; axis++)
            if ((folded & (1 << axis)) != 0) order[last++] = axis;
        Shape shape = new(sizes[..resultRank]);
        if (op is ReduceOp.Max or ReduceOp.Min && x.ElementCount == 0 && shape.ElementCount != 0)
            TensorErrors.Argument($"{op}: x has shape {x.Shape}; a fold over no elements has no {op}.");
        Tensor result = Tensor.Allocate(shape, x.Device);
        using TensorScope.Lease lease = TensorScope.Begin();
        x.Backend.Reduce(op, x.Permute(order[..x.Rank]), x.Rank - kept, result);
        return result;
    }

    /// <summary>The axes as bits.</summary>
    internal static int AxisSet(string operation, Tensor x, ReadOnlySpan<Index> axes)
    {
        int set = 0;
        foreach (Index axis in axes)
        {
            int i = CheckAxis(operation, x, axis);
            if ((set & (1 << i)) != 0) TensorErrors.Argument($"{operation}: axis {axis} is given twice for x {x.Shape}.");
            set |= 1 << i;
        }
        return set;
    }

    private static int CheckAxis(string operation, Tensor x, Index axis)
    {
        int i = axis.GetOffset(x.Rank);
        if ((uint)i >= (uint)x.Rank) TensorErrors.Argument($"{operation}: axis {axis} is outside x {x.Shape}.");
        return i;
    }
}
