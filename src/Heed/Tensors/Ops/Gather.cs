namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>The rows of a table [count, dim] with the given ids: [ids, dim].</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative or not below count.</exception>
    public static Tensor Gather(Tensor table, ReadOnlySpan<int> ids)
    {
        if (table.Rank != 2) TensorErrors.WrongShape("Gather", "table", table.Shape, "[count, dim]");
        CheckIds(ids, table.Shape[0]);
        Tensor result = Tensor.Allocate(Shape.Of(ids.Length, table.Shape[1]), table.Device);
        using (GradientTape.NoGrad()) table.Backend.Gather(table.Contiguous(), ids, result);
        if (GradientTape.Watching(table) is { } tape) GatherGradient(tape, table, ids.ToArray(), result);
        return result;
    }

    private static void GatherGradient(GradientTape tape, Tensor table, int[] ids, Tensor result)
    {
        GradientNode node = table.Node!;
        tape.Record(result, gradient => node.Accumulate(sum => sum.Backend.ScatterAdd(gradient.Contiguous(), ids, sum)));
    }

    internal static Tensor Gather(LinearWeights table, ReadOnlySpan<int> ids, Device device)
    {
        CheckIds(ids, table.Rows);
        Tensor result = Tensor.Allocate(Shape.Of(ids.Length, table.Columns), device);
        device.Backend.Gather(table, ids, result);
        return result;
    }

    private static void CheckIds(ReadOnlySpan<int> ids, int count)
    {
        foreach (int id in ids)
            if ((uint)id >= (uint)count)
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"Gather: id {id} is outside the table; expected 0 to {count - 1}.");
    }
}
