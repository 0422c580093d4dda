using System.Numerics;

namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Each row of the last axis in rising or falling order. Among equals the lower index comes first, and NaN comes last,
    /// in either order.
    /// </summary>
    /// <returns>The values, of x's shape, and where each stood in its row, in row-major order.</returns>
    public static (Tensor Values, int[] Indices) Sort(Tensor x, bool descending = false)
    {
        if (x.Rank == 0) TensorErrors.WrongShape("Sort", "x", x.Shape, "one axis or more");
        return SortRows(x, x.Shape[^1], descending);
    }

    /// <summary>
    /// The k greatest elements of each row of the last axis, greatest first. Among equals the lower index comes first,
    /// and NaN comes last.
    /// </summary>
    /// <returns>The values, [rows…, k], and where each stood in its row, in row-major order.</returns>
    /// <exception cref="ArgumentException">k is negative or greater than the last axis.</exception>
    public static (Tensor Values, int[] Indices) TopK(Tensor x, int k)
    {
        if (x.Rank == 0 || k < 0 || k > x.Shape[^1]) TensorErrors.WrongShape("TopK", "x", x.Shape, $"a last axis of {k} elements or more");
        return SortRows(x, k, descending: true);
    }

    private static (Tensor Values, int[] Indices) SortRows(Tensor x, int kept, bool descending)
    {
        (Tensor values, int[] indices) = PickRows(x, kept, descending);
        if (GradientTape.Watching(x) is { } tape) SortGradient(tape, x, indices, values);
        return (values, indices);
    }

    private static void SortGradient(GradientTape tape, Tensor x, int[] indices, Tensor values)
    {
        GradientNode node = x.Node!;
        tape.Record(values, gradient => node.Add(Scatter(Tensor.Zeros(node.Shape, gradient.Device), ^1, indices, gradient)));
    }

    private static (Tensor Values, int[] Indices) PickRows(Tensor x, int kept, bool descending)
    {
        int size = x.Shape[^1], rows = size == 0 ? 0 : x.ElementCount / size;
        Tensor values = Tensor.Allocate(x.Shape.WithLast(kept), x.Device);
        int[] indices = new int[values.ElementCount];
        using TensorScope.Lease lease = TensorScope.Begin();
        using GradientTape.Pause pause = GradientTape.NoGrad();
        Tensor source = x.Contiguous();
        int[] order = new int[size];
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < size; i++) order[i] = i;
            if (x.DType == DType.Float32) PickSorted(source.Span<float>(x.ElementCount).Slice(row * size, size), order, descending, values.Span<float>(values.ElementCount).Slice(row * kept, kept));
            else PickSorted(source.Span<double>(x.ElementCount).Slice(row * size, size), order, descending, values.Span<double>(values.ElementCount).Slice(row * kept, kept));
            order.AsSpan(0, kept).CopyTo(indices.AsSpan(row * kept));
        }
        return (values, indices);
    }

    /// <summary>Sorts the indices by their elements, then writes the first elements.</summary>
    private static void PickSorted<T>(ReadOnlySpan<T> row, int[] order, bool descending, Span<T> destination) where T : unmanaged, IFloatingPoint<T>
    {
        T[] keys = row.ToArray();
        Array.Sort(order, (i, j) =>
        {
            bool nanI = T.IsNaN(keys[i]), nanJ = T.IsNaN(keys[j]);
            int byValue = nanI || nanJ ? nanI.CompareTo(nanJ) : descending ? keys[j].CompareTo(keys[i]) : keys[i].CompareTo(keys[j]);
            return byValue != 0 ? byValue : i.CompareTo(j);
        });
        for (int i = 0; i < destination.Length; i++) destination[i] = keys[order[i]];
    }
}
