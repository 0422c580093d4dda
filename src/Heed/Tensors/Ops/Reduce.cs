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
        using (GradientTape.NoGrad())
        {
            using TensorScope.Lease lease = TensorScope.Begin();
            x.Backend.Reduce(op, x.Permute(order[..x.Rank]), x.Rank - kept, result);
        }
        if (GradientTape.Watching(x) is { } tape) ReduceGradient(tape, op, x, folded, result);
        return result;
    }

    /// <summary>A sum hands its gradient to all it summed; a maximum or minimum to those that reached it, in equal parts.</summary>
    private static void ReduceGradient(GradientTape tape, ReduceOp op, Tensor x, int folded, Tensor result)
    {
        GradientNode node = x.Node!;
        Shape shape = x.Shape, kept = x.Shape;
        for (int axis = 0; axis < shape.Rank; axis++)
            if ((folded & (1 << axis)) != 0) kept = kept.WithAxis(axis, 1);
        if (op is ReduceOp.Sum or ReduceOp.Mean)
        {
            int count = op == ReduceOp.Mean && kept.ElementCount > 0 ? shape.ElementCount / kept.ElementCount : 1;
            tape.Record(result, gradient =>
            {
                Tensor part = count == 1 ? gradient : gradient / count;
                node.Add(part.Reshape(kept).BroadcastTo(shape));
            });
            return;
        }
        SavedTensor input = tape.Save(x, op.ToString()), output = tape.Save(result, op.ToString());
        tape.Record(result, gradient =>
        {
            Tensor reached = Compare(input.Value, output.Value.Reshape(kept).BroadcastTo(shape), 0, 1, 0);
            Tensor part = gradient.Reshape(kept) / Reduce(ReduceOp.Sum, reached, folded, keepDims: true);
            node.Add(reached * part);
        });
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
