using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>
/// The gradients of LayerNorm. With n = (x - mean) / sqrt(variance + eps) and g = dy * weight:
/// dx = (g - mean(g) - n * mean(g * n)) / sqrt(…); dWeight and dBias are the sums of dy * n and dy over the rows.
/// </summary>
internal static unsafe partial class LayerNormGradient
{
    /// <summary>
    /// <paramref name="rows"/> contiguous rows. dx, which may be x or dy, is overwritten; dWeight and dBias are added to row
    /// after row. Each may be empty for none.
    /// </summary>
    public static void Run(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float eps, ReadOnlySpan<float> dy, int rows, int dim,
        Span<float> dx, Span<float> dWeight, Span<float> dBias)
    {
        int total = checked(rows * dim);
        if (total == 0) return;
        if (weight.Length != dim || (dWeight.Length != 0 && dWeight.Length != dim) || (dBias.Length != 0 && dBias.Length != dim))
            throw new ArgumentException($"LayerNormGradient: weight has {weight.Length}, dWeight {dWeight.Length} and dBias {dBias.Length} elements; need {dim}.", nameof(weight));
        fixed (float* source = x[..total], scale = weight, upstream = dy[..total], target = dx.IsEmpty ? dx : dx[..total], gains = dWeight, shifts = dBias)
        {
            if (Vector512.IsHardwareAccelerated) Core<Sixteen512, Vector512<float>>(source, scale, eps, upstream, rows, dim, target, gains, shifts);
            else if (Vector256.IsHardwareAccelerated) Core<Sixteen256, Pair256>(source, scale, eps, upstream, rows, dim, target, gains, shifts);
            else Core<Sixteen128, Quad128>(source, scale, eps, upstream, rows, dim, target, gains, shifts);
        }
    }

    /// <summary>Touches rows * dim floats of x, dy and dx and dim of the others; dx, dWeight and dBias may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Core<L, V>(
        float* x, float* weight, float eps, float* dy, int rows, int dim, float* dx, float* dWeight, float* dBias)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int r = 0; r < rows; r++, x += dim, dy += dim)
        {
            float mean = Centre<L, V>(x, dim, eps, out float inverse);
            V means = L.Create(mean), scale = L.Create(inverse);
            V plain = L.Create(0f), dots = L.Create(0f);
            for (int i = 0; i < dim; i += 16)
            {
                int rest = dim - i;
                V g = L.Multiply(Read<L, V>(dy + i, rest), Read<L, V>(weight + i, rest));
                V normed = L.Multiply(L.Subtract(Read<L, V>(x + i, rest, mean), means), scale);
                plain = L.Add(plain, g);
                dots = L.Fma(g, normed, dots);
            }

            V shift = L.Create(L.Sum(plain) / dim), back = L.Create(-(L.Sum(dots) / dim));
            for (int i = 0; i < dim; i += 16)
            {
                int rest = dim - i;
                V upstream = Read<L, V>(dy + i, rest);
                V normed = L.Multiply(L.Subtract(Read<L, V>(x + i, rest), means), scale);
                if (dWeight != null) Write<L, V>(dWeight + i, rest, L.Fma(upstream, normed, Read<L, V>(dWeight + i, rest)));
                if (dBias != null) Write<L, V>(dBias + i, rest, L.Add(Read<L, V>(dBias + i, rest), upstream));
                if (dx == null) continue;
                V g = L.Subtract(L.Multiply(upstream, Read<L, V>(weight + i, rest)), shift);
                Write<L, V>(dx + i, rest, L.Multiply(L.Fma(normed, back, g), scale));
            }

            if (dx != null) dx += dim;
        }
    }

    /// <summary>The mean, and 1 / sqrt(variance + eps).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Centre<L, V>(float* x, int dim, float eps, out float inverse)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V sum = L.Create(0f), squares = L.Create(0f);
        for (int i = 0; i < dim; i += 16) sum = L.Add(sum, Read<L, V>(x + i, dim - i));
        float mean = L.Sum(sum) / dim;
        for (int i = 0; i < dim; i += 16)
        {
            // Lanes past the end read as the mean, so that they add nothing.
            V centred = L.Subtract(Read<L, V>(x + i, dim - i, mean), L.Create(mean));
            squares = L.Fma(centred, centred, squares);
        }

        inverse = 1f / MathF.Sqrt((L.Sum(squares) / dim) + eps);
        return mean;
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
