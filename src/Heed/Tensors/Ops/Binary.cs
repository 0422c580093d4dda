namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>a op b, both broadcast to their common shape.</summary>
    internal static Tensor Binary(BinaryOp op, Tensor a, Tensor b)
    {
        SameDevice(NameOf(op), a, b);
        Shape shape = BroadcastShapes(NameOf(op), a.Shape, b.Shape);
        Tensor result = Tensor.Allocate(shape, a.Device);
        using TensorScope.Lease lease = TensorScope.Begin();
        a.Backend.Binary(op, a.BroadcastTo(shape), b.BroadcastTo(shape), result);
        return result;
    }

    /// <summary>x op scalar, or scalar op x if <paramref name="scalarFirst"/>.</summary>
    internal static Tensor Binary(BinaryOp op, Tensor x, double scalar, bool scalarFirst = false)
    {
        Tensor result = Tensor.Allocate(x.Shape, x.Device);
        using TensorScope.Lease lease = TensorScope.Begin();
        using Tensor single = Tensor.Full(new Shape(), scalar, x.Device);
        using Tensor repeated = single.BroadcastTo(x.Shape);
        if (scalarFirst) x.Backend.Binary(op, repeated, x, result);
        else x.Backend.Binary(op, x, repeated, result);
        return result;
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
