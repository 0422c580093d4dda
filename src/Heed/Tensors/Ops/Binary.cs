namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>a op b, both broadcast to their common shape.</summary>
    internal static Tensor Binary(BinaryOp op, Tensor a, Tensor b)
    {
        SameDevice(NameOf(op), a, b);
        Shape shape = BroadcastShapes(NameOf(op), a.Shape, b.Shape);
        Tensor result = Tensor.Allocate(shape, a.Device);
        using (GradientTape.NoGrad())
        {
            using TensorScope.Lease lease = TensorScope.Begin();
            a.Backend.Binary(op, a.BroadcastTo(shape), b.BroadcastTo(shape), result);
        }
        if (GradientTape.Watching(a, b) is { } tape) BinaryGradient(tape, op, a, b, result);
        return result;
    }

    /// <summary>x op scalar, or scalar op x if <paramref name="scalarFirst"/>.</summary>
    internal static Tensor Binary(BinaryOp op, Tensor x, double scalar, bool scalarFirst = false)
    {
        Tensor result = Tensor.Allocate(x.Shape, x.Device);
        using (TensorScope.Begin())
        {
            using Tensor single = Tensor.Full(new Shape(), scalar, x.Device);
            using Tensor repeated = single.BroadcastTo(x.Shape);
            if (scalarFirst) x.Backend.Binary(op, repeated, x, result);
            else x.Backend.Binary(op, x, repeated, result);
        }
        if (GradientTape.Watching(x) is { } tape) ScalarGradient(tape, op, x, scalar, scalarFirst, result);
        return result;
    }

    private static void BinaryGradient(GradientTape tape, BinaryOp op, Tensor a, Tensor b, Tensor result)
    {
        GradientNode? left = a.Node, right = b.Node;
        if (op is BinaryOp.Add or BinaryOp.Subtract)
        {
            tape.Record(result, gradient =>
            {
                left?.Add(SumTo(gradient, left.Shape));
                right?.Add(SumTo(op == BinaryOp.Add ? gradient : -gradient, right.Shape));
            });
            return;
        }
        SavedTensor x = tape.Save(a, NameOf(op)), y = tape.Save(b, NameOf(op));
        tape.Record(result, gradient =>
        {
            left?.Add(SumTo(gradient * LeftSlope(op, x.Value, y.Value, gradient.Shape), left.Shape));
            right?.Add(SumTo(gradient * RightSlope(op, x.Value, y.Value, gradient.Shape), right.Shape));
        });
    }

    /// <summary>∂(a op b)/∂a. Equal arguments of a maximum or minimum get half each.</summary>
    private static Tensor LeftSlope(BinaryOp op, Tensor a, Tensor b, in Shape shape) => op switch
    {
        BinaryOp.Multiply => b,
        BinaryOp.Divide => b.Reciprocal(),
        BinaryOp.Maximum => Compare(a.BroadcastTo(shape), b.BroadcastTo(shape), 1, 0.5, 0),
        BinaryOp.Minimum => Compare(a.BroadcastTo(shape), b.BroadcastTo(shape), 0, 0.5, 1),
        // 0^(−1)·0 would be NaN, where the power is the constant 1.
        _ => Where(b, b * a.Pow(b - 1), Tensor.Zeros(new Shape(), a.Device)),
    };

    /// <summary>∂(a op b)/∂b. The logarithm of a base of 0 counts as 0.</summary>
    private static Tensor RightSlope(BinaryOp op, Tensor a, Tensor b, in Shape shape) => op switch
    {
        BinaryOp.Multiply => a,
        BinaryOp.Divide => -(a / b.Square()),
        BinaryOp.Maximum => Compare(a.BroadcastTo(shape), b.BroadcastTo(shape), 0, 0.5, 1),
        BinaryOp.Minimum => Compare(a.BroadcastTo(shape), b.BroadcastTo(shape), 1, 0.5, 0),
        _ => Where(a, a.Log() * a.Pow(b), Tensor.Zeros(new Shape(), a.Device)),
    };

    private static void ScalarGradient(GradientTape tape, BinaryOp op, Tensor x, double scalar, bool scalarFirst, Tensor result)
    {
        GradientNode node = x.Node!;
        if (op is BinaryOp.Add or BinaryOp.Subtract)
        {
            tape.Record(result, gradient => node.Add(op == BinaryOp.Subtract && scalarFirst ? -gradient : gradient));
            return;
        }
        if (op == BinaryOp.Multiply || (op == BinaryOp.Divide && !scalarFirst))
        {
            tape.Record(result, gradient => node.Add(op == BinaryOp.Multiply ? gradient * scalar : gradient / scalar));
            return;
        }
        SavedTensor saved = tape.Save(x, NameOf(op));
        tape.Record(result, gradient =>
        {
            Tensor v = saved.Value, s = Tensor.Full(new Shape(), scalar, v.Device);
            node.Add(gradient * (scalarFirst ? RightSlope(op, s, v, v.Shape) : LeftSlope(op, v, s, v.Shape)));
        });
    }

    /// <summary>What a broadcast spread out is summed up again: the gradient of a tensor of <paramref name="shape"/> that was repeated.</summary>
    internal static Tensor SumTo(Tensor gradient, in Shape shape)
    {
        if (gradient.Shape == shape) return gradient;
        int lead = gradient.Rank - shape.Rank, folded = 0;
        for (int axis = 0; axis < gradient.Rank; axis++)
            if (axis < lead || (shape[axis - lead] == 1 && gradient.Shape[axis] != 1)) folded |= 1 << axis;
        return Reduce(ReduceOp.Sum, gradient, folded, keepDims: true).Reshape(shape);
    }

    /// <summary>
    /// The shape that both broadcast to: axes are aligned at the last one, and each pair must be equal or hold a 1;
    /// [9, 1, 3] and [8, 1] meet in [9, 8, 3].
    /// </summary>
    internal static Shape BroadcastShapes(string operation, in Shape a, in Shape b)
    {
        if (a == b) return a;
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        int rank = Math.Max(a.Rank, b.Rank);
        for (int back = 1; back <= rank; back++)
        {
            int left = back > a.Rank ? 1 : a[^back], right = back > b.Rank ? 1 : b[^back];
            if (left != right && left != 1 && right != 1)
                TensorErrors.Argument($"{operation}: {a} and {b} do not broadcast; axis {back} from the end has sizes {left} and {right}, need equal or 1.");
            sizes[rank - back] = left == 1 ? right : left;
        }
        return new Shape(sizes[..rank]);
    }

    // Enum.ToString would box on every step.
    private static string NameOf(BinaryOp op) => op switch
    {
        BinaryOp.Add => nameof(BinaryOp.Add),
        BinaryOp.Subtract => nameof(BinaryOp.Subtract),
        BinaryOp.Multiply => nameof(BinaryOp.Multiply),
        BinaryOp.Divide => nameof(BinaryOp.Divide),
        BinaryOp.Maximum => nameof(BinaryOp.Maximum),
        BinaryOp.Minimum => nameof(BinaryOp.Minimum),
        _ => nameof(BinaryOp.Power),
    };
}
