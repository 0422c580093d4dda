using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>e^(x - max) / sum, row by row; -inf gives 0, a row of nothing but -inf gives 0 everywhere, NaN spreads over its row.</summary>
internal static unsafe partial class Softmax
{
    /// <summary>Normalises <paramref name="rows"/> contiguous rows; in place is allowed.</summary>
    public static void Run(ReadOnlySpan<float> x, int rows, int cols, Span<float> destination)
    {
        if (rows <= 0 || cols <= 0)
        {
            return;
        }

        int total = checked(rows * cols);
        fixed (float* source = x[..total], target = destination[..total])
        {
            if (Vector512.IsHardwareAccelerated)
            {
                Core<Sixteen512, Vector512<float>>(source, rows, cols, target);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                Core<Sixteen256, Pair256>(source, rows, cols, target);
            }
            else
            {
                Core<Sixteen128, Quad128>(source, rows, cols, target);
            }
        }
    }

    /// <summary>max + ln(sum(e^(x - max))) of one row; -inf for a row without a finite entry, and for an empty one.</summary>
    public static float LogSumExp(ReadOnlySpan<float> x)
    {
        fixed (float* source = x)
        {
            if (Vector512.IsHardwareAccelerated)
            {
                return LogSumExpCore<Sixteen512, Vector512<float>>(source, x.Length);
            }

            return Vector256.IsHardwareAccelerated
                ? LogSumExpCore<Sixteen256, Pair256>(source, x.Length)
                : LogSumExpCore<Sixteen128, Quad128>(source, x.Length);
        }
    }

    /// <summary>Reads and writes rows * cols floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Core<L, V>(float* x, int rows, int cols, float* destination)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int r = 0; r < rows; r++, x += cols, destination += cols)
        {
            float max = Max<L, V>(x, cols);
            if (max == float.NegativeInfinity)
            {
                FillMasked(x, cols, destination);
                continue;
            }

            V sums = L.Create(0f);
            V maxes = L.Create(max);
            for (int i = 0; i < cols; i += 16)
            {
                int rest = cols - i;
                V p = VectorMath.Exp<L, V>(L.Subtract(Read<L, V>(x + i, rest), maxes));
                sums = L.Add(sums, p);
                Write<L, V>(destination + i, rest, p);
            }

            V total = L.Create(L.Sum(sums));
            for (int i = 0; i < cols; i += 16)
            {
                int rest = cols - i;
                Write<L, V>(destination + i, rest, L.Divide(Read<L, V>(destination + i, rest), total));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float LogSumExpCore<L, V>(float* x, int cols)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float max = Max<L, V>(x, cols);
        if (max == float.NegativeInfinity)
        {
            return HasNaN(x, cols) ? float.NaN : max;
        }

        V sums = L.Create(0f);
        for (int i = 0; i < cols; i += 16)
        {
            sums = L.Add(sums, VectorMath.Exp<L, V>(L.Subtract(Read<L, V>(x + i, cols - i), L.Create(max))));
        }

        return Join(max, L.Sum(sums));
    }

    /// <summary>max + ln(sum); an infinite maximum is itself the result.</summary>
    internal static float Join(float max, float sum)
        => max == float.PositiveInfinity ? max : (float)(max + Math.Log(sum));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Max<L, V>(float* x, int cols)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V max = L.Create(float.NegativeInfinity);
        for (int i = 0; i < cols; i += 16)
        {
            max = L.Max(max, Read<L, V>(x + i, cols - i));
        }

        return L.MaxLane(max);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Read<L, V>(float* x, int rest)
        where L : ISixteen<V>
        where V : unmanaged
        => rest >= 16 ? L.Load(x) : L.LoadPart(x, rest, float.NegativeInfinity);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write<L, V>(float* destination, int rest, V value)
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (rest >= 16)
        {
            L.Store(destination, value);
        }
        else
        {
            L.StorePart(destination, rest, value);
        }
    }

    private static bool HasNaN(float* x, int cols)
    {
        for (int i = 0; i < cols; i++)
        {
            if (float.IsNaN(x[i]))
            {
                return true;
            }
        }

        return false;
    }

    private static void FillMasked(float* x, int cols, float* destination)
        => new Span<float>(destination, cols).Fill(HasNaN(x, cols) ? float.NaN : 0f);
}
