using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>x / sqrt(mean(x^2) + eps) * weight, row by row (Zhang and Sennrich 2019, arXiv 1910.07467).</summary>
internal static unsafe partial class RmsNorm
{
    /// <summary>Normalises <paramref name="rows"/> contiguous rows; in place is allowed; an empty weight counts as ones.</summary>
    public static void Run(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float eps, int rows, int dim, Span<float> destination)
        => Run(x, 1, 0, weight, eps, rows, dim, destination, 0);

    /// <summary>Normalises in place <paramref name="heads"/> adjacent rows of each token, as QK-norm does inside a fused row; <paramref name="data"/> begins at the first head of the first token.</summary>
    public static void RunHeads(
        Span<float> data, int rowStride, int tokens, int heads, ReadOnlySpan<float> weight, float eps, int dim)
        => Run(data, tokens, rowStride, weight, eps, heads, dim, data, rowStride);

    private static void Run(
        ReadOnlySpan<float> x, int groups, int xStride, ReadOnlySpan<float> weight, float eps, int rows, int dim, Span<float> destination, int stride)
    {
        if (groups <= 0 || rows <= 0 || dim <= 0)
        {
            return;
        }

        if (weight.Length != 0 && weight.Length != dim)
        {
            throw new ArgumentException($"RmsNorm: weight has {weight.Length} elements; need {dim}.", nameof(weight));
        }

        int last = checked(((groups - 1) * xStride) + (rows * dim));
        int lastOut = checked(((groups - 1) * stride) + (rows * dim));
        fixed (float* source = x[..last], target = destination[..lastOut], scale = weight)
        {
            if (Vector512.IsHardwareAccelerated)
            {
                Core<Sixteen512, Vector512<float>>(source, groups, xStride, scale, eps, rows, dim, target, stride);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                Core<Sixteen256, Pair256>(source, groups, xStride, scale, eps, rows, dim, target, stride);
            }
            else
            {
                Core<Sixteen128, Quad128>(source, groups, xStride, scale, eps, rows, dim, target, stride);
            }
        }
    }

    /// <summary>Touches rows * dim floats from each group's start; <paramref name="weight"/> is null or holds dim floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Core<L, V>(
        float* x, int groups, int xStride, float* weight, float eps, int rows, int dim, float* destination, int stride)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int g = 0; g < groups; g++)
        {
            float* source = x + ((long)g * xStride);
            float* target = destination + ((long)g * stride);
            for (int r = 0; r < rows; r++, source += dim, target += dim)
            {
                V squares = L.Create(0f);
                int i = 0;
                for (; i <= dim - 16; i += 16)
                {
                    V v = L.Load(source + i);
                    squares = L.Fma(v, v, squares);
                }

                if (i < dim)
                {
                    V v = L.LoadPart(source + i, dim - i, 0f);
                    squares = L.Fma(v, v, squares);
                }

                float inverse = 1f / MathF.Sqrt((L.Sum(squares) / dim) + eps);
                Scale<L, V>(source, L.Create(inverse), weight, dim, target);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale<L, V>(float* x, V factor, float* weight, int dim, float* destination)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int i = 0;
        for (; i <= dim - 16; i += 16)
        {
            V v = L.Multiply(L.Load(x + i), factor);
            L.Store(destination + i, weight is null ? v : L.Multiply(v, L.Load(weight + i)));
        }

        int rest = dim - i;
        if (rest > 0)
        {
            V v = L.Multiply(L.LoadPart(x + i, rest, 0f), factor);
            L.StorePart(destination + i, rest, weight is null ? v : L.Multiply(v, L.LoadPart(weight + i, rest, 0f)));
        }
    }
}
