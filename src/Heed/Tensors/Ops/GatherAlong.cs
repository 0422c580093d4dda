using System.Numerics;

namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Picks along an axis: result[…, i, …] = x[…, indices[…, i, …], …], for indices in row-major order of
    /// <paramref name="shape"/>, which is the result's shape and fits into x in all other axes.
    /// </summary>
    /// <exception cref="ArgumentException">Ranks, sizes or the number of indices do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside the axis.</exception>
    public static Tensor GatherAlong(Tensor x, Index axis, ReadOnlySpan<int> indices, in Shape shape)
    {
        int along = CheckAlong("GatherAlong", x, axis, indices, shape);
        Tensor result = Tensor.Allocate(shape, x.Device);
        using (GradientTape.NoGrad())
        {
            using TensorScope.Lease lease = TensorScope.Begin();
            Tensor source = x.Contiguous();
            if (x.DType == DType.Float32) GatherElements<float>(source, along, indices, result);
            else GatherElements<double>(source, along, indices, result);
        }
        if (GradientTape.Watching(x) is { } tape) GatherAlongGradient(tape, x, along, indices.ToArray(), result);
        return result;
    }

    private static void GatherAlongGradient(GradientTape tape, Tensor x, int along, int[] indices, Tensor result)
    {
        GradientNode node = x.Node!;
        tape.Record(result, gradient => node.Add(Scatter(Tensor.Zeros(node.Shape, gradient.Device), along, indices, gradient, accumulate: true)));
    }

    /// <summary>
    /// A copy of x with result[…, indices[…, i, …], …] = source[…, i, …] along an axis, or += if
    /// <paramref name="accumulate"/>; elements of the source come in row-major order, so the last one of a cell wins.
    /// </summary>
    /// <exception cref="ArgumentException">Ranks, sizes or the number of indices do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside the axis.</exception>
    public static Tensor Scatter(Tensor x, Index axis, ReadOnlySpan<int> indices, Tensor source, bool accumulate = false)
    {
        SameDevice("Scatter", x, source);
        int along = CheckAlong("Scatter", x, axis, indices, source.Shape);
        Tensor result;
        using (GradientTape.NoGrad())
        {
            result = x.Clone();
            using TensorScope.Lease lease = TensorScope.Begin();
            if (x.DType == DType.Float32) ScatterElements<float>(source.Contiguous(), along, indices, result, accumulate);
            else ScatterElements<double>(source.Contiguous(), along, indices, result, accumulate);
        }
        if (GradientTape.Watching(x, source) is { } tape) ScatterGradient(tape, x, along, indices.ToArray(), source, accumulate, result);
        return result;
    }

    /// <summary>Where a cell was overwritten, the last writer alone gets its gradient, and x none.</summary>
    private static void ScatterGradient(GradientTape tape, Tensor x, int along, int[] indices, Tensor source, bool accumulate, Tensor result)
    {
        GradientNode? toX = x.Node, toSource = source.Node;
        Shape shape = source.Shape;
        tape.Record(result, gradient =>
        {
            Tensor part = GatherAlong(gradient, along, indices, shape), rest = gradient;
            if (!accumulate)
            {
                rest = Scatter(gradient, along, indices, Tensor.Zeros(shape, gradient.Device));
                part *= LastWriters(gradient, along, indices, shape);
            }
            toX?.Add(rest);
            toSource?.Add(part);
        });
    }

    /// <summary>1 for each element of a scatter's source that no later one overwrote, else 0.</summary>
    private static Tensor LastWriters(Tensor target, int along, int[] indices, in Shape shape)
    {
        Dictionary<int, int> last = [];
        Tensor grid = target.Contiguous();
        for (int i = 0; i < indices.Length; i++) last[PlaceOf(i, shape, grid, along, indices[i])] = i;
        float[] kept = new float[indices.Length];
        foreach (int i in last.Values) kept[i] = 1;
        return Tensor.From(kept, shape, target.Device);
    }

    private static int CheckAlong(string operation, Tensor x, Index axis, ReadOnlySpan<int> indices, in Shape shape)
    {
        int along = CheckAxis(operation, x, axis);
        if (shape.Rank != x.Rank) TensorErrors.WrongShape(operation, "indices", shape, $"{x.Rank} axes, as x {x.Shape}");
        for (int i = 0; i < shape.Rank; i++)
            if (i != along && shape[i] > x.Shape[i]) TensorErrors.WrongShape(operation, "indices", shape, $"at most x {x.Shape} in all axes but {along}");
        if (indices.Length != shape.ElementCount)
            TensorErrors.Argument($"{operation}: got {indices.Length} indices for shape {shape}; expected {shape.ElementCount}.");
        foreach (int index in indices)
            if ((uint)index >= (uint)x.Shape[along])
                throw new ArgumentOutOfRangeException(nameof(indices), index, $"{operation}: index {index} is outside axis {along} of x {x.Shape}; expected 0 to {x.Shape[along] - 1}.");
        return along;
    }

    private static void GatherElements<T>(Tensor source, int along, ReadOnlySpan<int> indices, Tensor result) where T : unmanaged
    {
        ReadOnlySpan<T> from = source.Span<T>(source.ElementCount);
        Span<T> to = result.Span<T>(result.ElementCount);
        for (int i = 0; i < to.Length; i++) to[i] = from[PlaceOf(i, result.Shape, source, along, indices[i])];
    }

    private static void ScatterElements<T>(Tensor source, int along, ReadOnlySpan<int> indices, Tensor result, bool accumulate) where T : unmanaged, INumber<T>
    {
        ReadOnlySpan<T> from = source.Span<T>(source.ElementCount);
        Span<T> to = result.Span<T>(result.ElementCount);
        for (int i = 0; i < from.Length; i++)
        {
            ref T cell = ref to[PlaceOf(i, source.Shape, result, along, indices[i])];
            cell = accumulate ? cell + from[i] : from[i];
        }
    }

    /// <summary>Where element <paramref name="number"/> of <paramref name="shape"/> lies in a contiguous tensor, with another index along one axis.</summary>
    private static int PlaceOf(int number, in Shape shape, Tensor tensor, int along, int index)
    {
        int place = 0;
        for (int axis = shape.Rank - 1; axis >= 0; axis--)
        {
            place += (axis == along ? index : number % shape[axis]) * tensor.Stride(axis);
            number /= shape[axis];
        }
        return place;
    }
}
