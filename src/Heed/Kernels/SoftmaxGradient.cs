using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>dx = y * (dy - sum(dy * y)), row by row.</summary>
internal static unsafe partial class SoftmaxGradient
{
    /// <summary><paramref name="rows"/> contiguous rows; dx may be y or dy.</summary>
    public static void Run(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, int rows, int cols, Span<float> dx)
    {
        int total = checked(rows * cols);
        fixed (float* p = y[..total], upstream = dy[..total], target = dx[..total])
        {
            if (Vector512.IsHardwareAccelerated) Core<Sixteen512, Vector512<float>>(p, upstream, rows, cols, target);
            else if (Vector256.IsHardwareAccelerated) Core<Sixteen256, Pair256>(p, upstream, rows, cols, target);
            else Core<Sixteen128, Quad128>(p, upstream, rows, cols, target);
        }
    }

    /// <summary>Touches rows * cols floats of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Core<L, V>(float* y, float* dy, int rows, int cols, float* dx)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int r = 0; r < rows; r++, y += cols, dy += cols, dx += cols)
        {
            V dots = L.Create(0f);
            for (int i = 0; i < cols; i += 16) dots = L.Fma(Read<L, V>(dy + i, cols - i), Read<L, V>(y + i, cols - i), dots);
            V dot = L.Create(L.Sum(dots));
            for (int i = 0; i < cols; i += 16)
            {
                int rest = cols - i;
                Write<L, V>(dx + i, rest, L.Multiply(Read<L, V>(y + i, rest), L.Subtract(Read<L, V>(dy + i, rest), dot)));
            }
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
