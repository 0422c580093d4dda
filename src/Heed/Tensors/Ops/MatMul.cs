namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// The matrix product over the last two axes, [batch…, m, k] × [batch…, k, n] = [batch…, m, n]; batch axes broadcast.
    /// A vector on the left is a row, on the right a column, and its axis does not appear in the result.
    /// </summary>
    /// <exception cref="ArgumentException">Inner sizes, batch axes or devices do not fit, or an operand is a scalar.</exception>
    public static Tensor MatMul(Tensor a, Tensor b)
    {
        SameDevice("MatMul", a, b);
        if (a.Rank == 0) TensorErrors.WrongShape("MatMul", "a", a.Shape, "one axis or more");
        if (b.Rank == 0) TensorErrors.WrongShape("MatMul", "b", b.Shape, "one axis or more");
        int innerB = b.Rank == 1 ? 0 : b.Rank - 2;
        if (a.Shape[^1] != b.Shape[innerB])
            TensorErrors.Argument($"MatMul: inner sizes differ, a {a.Shape}, b {b.Shape}; need a[{a.Rank - 1}] == b[{innerB}].");
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor left = a.Rank == 1 ? a.Unsqueeze(0) : a;
        Tensor right = b.Rank == 1 ? b.Unsqueeze(1) : b;
        Tensor product = MultiplyMatrices(left, right);
        if (b.Rank == 1) product = product.Squeeze(^1);
        if (a.Rank == 1) product = product.Squeeze(b.Rank == 1 ? ^1 : ^2);
        return lease.Return(product);
    }

    private static Tensor MultiplyMatrices(Tensor a, Tensor b)
    {
        int rows = a.Shape[^2], inner = a.Shape[^1], columns = b.Shape[^1];
        Shape batch = BroadcastShapes("MatMul", Leading(a.Shape), Leading(b.Shape));
        Span<int> sizes = stackalloc int[Shape.MaxRank + 2];
        batch.CopyTo(sizes);
        Tensor left = Batched(a, batch, rows, inner), right = Batched(b, batch, inner, columns);
        Tensor product = MultiplyBatch(left, right);
        sizes[batch.Rank] = rows;
        sizes[batch.Rank + 1] = columns;
        return product.Reshape(new Shape(sizes[..(batch.Rank + 2)]));
    }

    /// <summary>[batch, m, k] × [batch, k, n] = [batch, m, n]; what all products with a gradient come down to, but for linear layers.</summary>
    internal static Tensor MultiplyBatch(Tensor a, Tensor b)
    {
        Tensor product = Tensor.Allocate(new Shape(a.Shape[0], a.Shape[1], b.Shape[2]), a.Device);
        a.Backend.MatMul(a, b, product);
        if (GradientTape.Watching(a, b) is { } tape) MultiplyGradient(tape, a, b, product);
        return product;
    }

    private static void MultiplyGradient(GradientTape tape, Tensor a, Tensor b, Tensor product)
    {
        GradientNode? left = a.Node, right = b.Node;
        SavedTensor x = tape.Save(a, "MatMul"), y = tape.Save(b, "MatMul");
        tape.Record(product, gradient =>
        {
            left?.Write((sum, accumulate) => sum.Backend.MatMul(gradient, y.Value.Transpose(1, 2), sum, accumulate));
            right?.Write((sum, accumulate) => sum.Backend.MatMul(x.Value.Transpose(1, 2), gradient, sum, accumulate));
        });
    }

    /// <summary>[batch…, rows, columns], repeated over the batch, as [batch, rows, columns].</summary>
    private static Tensor Batched(Tensor x, in Shape batch, int rows, int columns)
    {
        Span<int> sizes = stackalloc int[Shape.MaxRank + 2];
        batch.CopyTo(sizes);
        sizes[batch.Rank] = rows;
        sizes[batch.Rank + 1] = columns;
        return x.BroadcastTo(new Shape(sizes[..(batch.Rank + 2)])).Group(batch.Rank, batch.Rank + 1);
    }

    private static Shape Leading(in Shape shape)
    {
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        shape.CopyTo(sizes);
        return new Shape(sizes[..(shape.Rank - 2)]);
    }
}
