namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// x with each part added to some of its last axis's columns, from the given first one on; written over x where nothing
    /// is being recorded.
    /// </summary>
    /// <param name="x">[…, columns].</param>
    /// <param name="firsts">The first column of each part.</param>
    /// <param name="parts">[…, fewer columns], each.</param>
    /// <exception cref="ArgumentException">A part does not fit.</exception>
    internal static Tensor AddColumns(Tensor x, ReadOnlySpan<int> firsts, ReadOnlySpan<Tensor> parts)
    {
        for (int i = 0; i < parts.Length; i++)
        {
            SameDevice("AddColumns", x, parts[i]);
            int width = parts[i].Shape[^1];
            if (parts[i].Shape != x.Shape.WithLast(width) || firsts[i] < 0 || firsts[i] > x.Shape[^1] - width)
                TensorErrors.WrongShape("AddColumns", $"parts[{i}]", parts[i].Shape, $"that of x {x.Shape}, but for at most {x.Shape[^1] - firsts[i]} columns");
        }
        GradientTape? tape = GradientTape.Watching(x) ?? WatchingAny(parts);
        Tensor result = x;
        if (tape is null)
        {
            x.BeginWrite("AddColumns");
        }
        else
        {
            result = Tensor.Allocate(x.Shape, x.Device);
            x.Backend.Copy(x, result);
        }
        using (GradientTape.NoGrad())
        {
            using TensorScope.Lease lease = TensorScope.Begin();
            for (int i = 0; i < parts.Length; i++)
            {
                Tensor columns = result.Slice(^1, firsts[i], parts[i].Shape[^1]);
                x.Backend.Binary(BinaryOp.Add, columns, parts[i], columns);
            }
        }
        if (tape is not null) AddColumnsGradient(tape, x, firsts, parts, result);
        return result;
    }

    private static void AddColumnsGradient(GradientTape tape, Tensor x, ReadOnlySpan<int> firsts, ReadOnlySpan<Tensor> parts, Tensor result)
    {
        GradientNode? whole = x.Node;
        (GradientNode? Node, int First, int Width)[] nodes = new (GradientNode?, int, int)[parts.Length];
        for (int i = 0; i < nodes.Length; i++) nodes[i] = (parts[i].Node, firsts[i], parts[i].Shape[^1]);
        tape.Record(result, gradient =>
        {
            whole?.Add(gradient);
            foreach ((GradientNode? node, int first, int width) in nodes) node?.Add(gradient.Slice(^1, first, width));
        });
    }
}
