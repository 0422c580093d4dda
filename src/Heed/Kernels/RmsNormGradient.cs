using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>
/// The gradients of RMSNorm. With n = x / sqrt(mean(x^2) + eps) and g = dy * weight: dx = (g - n * mean(g * n)) / sqrt(…),
/// and dWeight is the sum of dy * n over the rows.
/// </summary>
internal static unsafe partial class RmsNormGradient
{
    /// <summary>
    /// <paramref name="rows"/> contiguous rows. dx, which may be x or dy, is overwritten; dWeight is added to row after row.
    /// Either may be empty for none.
    /// </summary>
    public static void Run(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float eps, ReadOnlySpan<float> dy, int rows, int dim, Span<float> dx, Span<float> dWeight)
    {
        int total = checked(rows * dim);
        if (total == 0) return;
        if (weight.Length != dim || (dWeight.Length != 0 && dWeight.Length != dim))
            throw new ArgumentException($"RmsNormGradient: weight has {weight.Length} and dWeight {dWeight.Length} elements; need {dim}.", nameof(weight));
        fixed (float* source = x[..total], scale = weight, upstream = dy[..total], target = dx.IsEmpty ? dx : dx[..total], sums = dWeight)
        {
            if (Vector512.IsHardwareAccelerated) Core<Sixteen512, Vector512<float>>(source, scale, eps, upstream, rows, dim, target, sums);
            else if (Vector256.IsHardwareAccelerated) Core<Sixteen256, Pair256>(source, scale, eps, upstream, rows, dim, target, sums);
            else Core<Sixteen128, Quad128>(source, scale, eps, upstream, rows, dim, target, sums);
        }
    }

    /// <summary>Touches rows * dim floats of x, dy and dx and dim of weight and dWeight; dx and dWeight may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Core<L, V>(float* x, float* weight, float eps, float* dy, int rows, int dim, float* dx, float* dWeight)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int r = 0; r < rows; r++, x += dim, dy += dim)
        {
            V squares = L.Create(0f), dots = L.Create(0f);
            for (int i = 0; i < dim; i += 16)
            {
                int rest = dim - i;
                V v = Read<L, V>(x + i, rest);
                squares = L.Fma(v, v, squares);
                dots = L.Fma(L.Multiply(Read<L, V>(dy + i, rest), Read<L, V>(weight + i, rest)), v, dots);
            }

            float inverse = 1f / MathF.Sqrt((L.Sum(squares) / dim) + eps);
            V scale = L.Create(inverse);
            V back = L.Create(-(L.Sum(dots) * inverse / dim));
            for (int i = 0; i < dim; i += 16)
            {
                int rest = dim - i;
                V upstream = Read<L, V>(dy + i, rest);
                V normed = L.Multiply(Read<L, V>(x + i, rest), scale);
                if (dWeight != null) Write<L, V>(dWeight + i, rest, L.Fma(upstream, normed, Read<L, V>(dWeight + i, rest)));
                if (dx == null) continue;
                V g = L.Multiply(upstream, Read<L, V>(weight + i, rest));
                Write<L, V>(dx + i, rest, L.Multiply(L.Fma(normed, back, g), scale));
            }

            if (dx != null) dx += dim;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Read<L, V>(float* x, int rest, float fill = 0f)
        where L : ISixteen<V>
        where V : unmanaged
        => rest >= 16 ? L.Load(x) : L.LoadPart(x, rest, fill);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write<L, V>(float* destination, int rest, V value)
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (rest >= 16) L.Store(destination, value);
        else L.StorePart(destination, rest, value);
    }
}
