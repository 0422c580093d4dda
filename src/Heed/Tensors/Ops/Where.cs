namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>Element by element, a where the condition is not 0 and b where it is; all three broadcast.</summary>
    /// <exception cref="ArgumentException">Shapes or devices do not fit.</exception>
    public static Tensor Where(Tensor condition, Tensor a, Tensor b)
    {
        SameDevice("Where", condition, a);
        SameDevice("Where", condition, b);
        Shape shape = BroadcastShapes("Where", BroadcastShapes("Where", condition.Shape, a.Shape), b.Shape);
        Tensor result = Choose(condition, a, b, shape);
        if (GradientTape.Watching(a, b) is { } tape) WhereGradient(tape, condition, a, b, result);
        return result;
    }

    private static void WhereGradient(GradientTape tape, Tensor condition, Tensor a, Tensor b, Tensor result)
    {
        GradientNode? left = a.Node, right = b.Node;
        SavedTensor chosen = tape.Save(condition, "Where");
        tape.Record(result, gradient =>
        {
            Tensor zero = Tensor.Zeros(new Shape(), gradient.Device);
            left?.Add(SumTo(Where(chosen.Value, gradient, zero), left.Shape));
            right?.Add(SumTo(Where(chosen.Value, zero, gradient), right.Shape));
        });
    }

    private static Tensor Choose(Tensor condition, Tensor a, Tensor b, in Shape shape)
    {
        using TensorScope.Lease lease = TensorScope.Begin();
        using GradientTape.Pause pause = GradientTape.NoGrad();
        Tensor mask = condition.BroadcastTo(shape).Contiguous(), result = b.BroadcastTo(shape).Clone(), yes = a.BroadcastTo(shape).Contiguous();
        if (result.DType == DType.Float32) Choose(mask.Span<float>(shape.ElementCount), yes.Span<float>(shape.ElementCount), result.Span<float>(shape.ElementCount));
        else Choose(mask.Span<double>(shape.ElementCount), yes.Span<double>(shape.ElementCount), result.Span<double>(shape.ElementCount));
        return lease.Return(result);
    }

    /// <summary>x where the condition, which broadcasts to x, is 0, and <paramref name="value"/> elsewhere.</summary>
    public static Tensor MaskFill(Tensor x, Tensor condition, double value)
    {
        SameDevice("MaskFill", x, condition);
        using TensorScope.Lease lease = TensorScope.Begin();
        return lease.Return(Where(condition.BroadcastTo(x.Shape), Tensor.Full(new Shape(), value, x.Device), x));
    }

    /// <summary>The upper triangle of the last two axes: elements with column &lt; row + diagonal become <paramref name="fill"/>.</summary>
    public static Tensor Triu(Tensor x, int diagonal = 0, double fill = 0) => Triangle("Triu", x, diagonal, fill, upper: true);

    /// <summary>The lower triangle of the last two axes: elements with column &gt; row + diagonal become <paramref name="fill"/>.</summary>
    public static Tensor Tril(Tensor x, int diagonal = 0, double fill = 0) => Triangle("Tril", x, diagonal, fill, upper: false);

    private static Tensor Triangle(string operation, Tensor x, int diagonal, double fill, bool upper)
    {
        if (x.Rank < 2) TensorErrors.WrongShape(operation, "x", x.Shape, "[…, rows, columns]");
        Tensor result = CutTriangle(x, diagonal, fill, upper);
        if (GradientTape.Watching(x) is { } tape) TriangleGradient(tape, x, diagonal, upper, result);
        return result;
    }

    private static void TriangleGradient(GradientTape tape, Tensor x, int diagonal, bool upper, Tensor result)
    {
        GradientNode node = x.Node!;
        tape.Record(result, gradient => node.Add(CutTriangle(gradient, diagonal, 0, upper)));
    }

    private static Tensor CutTriangle(Tensor x, int diagonal, double fill, bool upper)
    {
        int rows = x.Shape[^2], columns = x.Shape[^1];
        using GradientTape.Pause pause = GradientTape.NoGrad();
        Tensor result = x.Clone();
        using TensorScope.Lease lease = TensorScope.Begin();
        for (int row = 0; row < rows; row++)
        {
            int edge = (int)Math.Clamp((long)row + diagonal + (upper ? 0 : 1), 0, columns);
            Tensor outside = upper ? result.Select(^2, row).Slice(^1, 0, edge) : result.Select(^2, row).Slice(^1, edge, columns - edge);
            x.Backend.Fill(outside, fill);
        }
        return result;
    }

    private static void Choose<T>(ReadOnlySpan<T> mask, ReadOnlySpan<T> yes, Span<T> result) where T : unmanaged, System.Numerics.INumber<T>
    {
        for (int i = 0; i < mask.Length; i++)
            if (!T.IsZero(mask[i])) result[i] = yes[i];
    }
}
