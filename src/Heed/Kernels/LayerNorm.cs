using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>(x - mean) / sqrt(variance + eps) * weight + bias with the population variance (Ba et al. 2016, arXiv 1607.06450).</summary>
internal static unsafe partial class LayerNorm
{
    /// <summary>Normalises <paramref name="rows"/> contiguous rows; in place is allowed; an empty bias counts as zeros.</summary>
    public static void Run(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, float eps, int rows, int dim, Span<float> destination)
    {
        if (rows <= 0 || dim <= 0)
        {
            return;
        }

        if (weight.Length != dim || (bias.Length != 0 && bias.Length != dim))
        {
            throw new ArgumentException($"LayerNorm: weight has {weight.Length} and bias {bias.Length} elements; need {dim}.", nameof(weight));
        }

        int total = checked(rows * dim);
        fixed (float* source = x[..total], target = destination[..total], scale = weight, shift = bias)
        {
            if (Vector512.IsHardwareAccelerated)
            {
                Core<Sixteen512, Vector512<float>>(source, scale, shift, eps, rows, dim, target);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                Core<Sixteen256, Pair256>(source, scale, shift, eps, rows, dim, target);
            }
            else
            {
                Core<Sixteen128, Quad128>(source, scale, shift, eps, rows, dim, target);
            }
        }
    }

    /// <summary>Reads and writes rows * dim floats; <paramref name="bias"/> may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Core<L, V>(float* x, float* weight, float* bias, float eps, int rows, int dim, float* destination)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int r = 0; r < rows; r++, x += dim, destination += dim)
        {
            V sum = L.Create(0f);
            for (int i = 0; i < dim; i += 16)
            {
                sum = L.Add(sum, Read<L, V>(x + i, dim - i, 0f));
            }

            float mean = L.Sum(sum) / dim;
            V means = L.Create(mean);
            V squares = L.Create(0f);
            for (int i = 0; i < dim; i += 16)
            {
                // Lanes past the end read as the mean, so that they add nothing.
                V centred = L.Subtract(Read<L, V>(x + i, dim - i, mean), means);
                squares = L.Fma(centred, centred, squares);
            }

            V inverse = L.Create(1f / MathF.Sqrt((L.Sum(squares) / dim) + eps));
            for (int i = 0; i < dim; i += 16)
            {
                int rest = dim - i;
                V scaled = L.Multiply(L.Subtract(Read<L, V>(x + i, rest, 0f), means), inverse);
                V shift = bias is null ? L.Create(0f) : Read<L, V>(bias + i, rest, 0f);
                V result = L.Fma(scaled, Read<L, V>(weight + i, rest, 0f), shift);
                if (rest >= 16)
                {
                    L.Store(destination + i, result);
                }
                else
                {
                    L.StorePart(destination + i, rest, result);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Read<L, V>(float* x, int rest, float fill)
        where L : ISixteen<V>
        where V : unmanaged
        => rest >= 16 ? L.Load(x) : L.LoadPart(x, rest, fill);
}
