using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>Applies an <see cref="IMap"/> to spans; each element's result is independent of its neighbours and of the length.</summary>
internal static unsafe partial class Map
{
    /// <summary>destination[i] = f(x[i]); in place is allowed.</summary>
    public static void Run<TMap>(ReadOnlySpan<float> x, Span<float> destination, float constant = 0f)
        where TMap : struct, IMap
    {
        int count = x.Length;
        fixed (float* source = x, target = destination[..count])
        {
            if (Vector512.IsHardwareAccelerated)
            {
                Core<TMap, Sixteen512, Vector512<float>>(source, target, count, constant);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                Core<TMap, Sixteen256, Pair256>(source, target, count, constant);
            }
            else
            {
                Core<TMap, Sixteen128, Quad128>(source, target, count, constant);
            }
        }
    }

    /// <summary>destination[r, i] = f(gateUp[r, i]) * gateUp[r, hidden + i].</summary>
    public static void RunGated<TMap>(
        ReadOnlySpan<float> gateUp, int rows, int hidden, Span<float> destination, float constant = 0f)
        where TMap : struct, IMap
    {
        fixed (float* source = gateUp[..checked(rows * 2 * hidden)], target = destination[..checked(rows * hidden)])
        {
            if (Vector512.IsHardwareAccelerated)
            {
                GatedCore<TMap, Sixteen512, Vector512<float>>(source, target, rows, hidden, constant);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                GatedCore<TMap, Sixteen256, Pair256>(source, target, rows, hidden, constant);
            }
            else
            {
                GatedCore<TMap, Sixteen128, Quad128>(source, target, rows, hidden, constant);
            }
        }
    }

    /// <summary>Reads and writes <paramref name="count"/> floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Core<TMap, L, V>(float* source, float* target, int count, float constant)
        where TMap : struct, IMap
        where L : ISixteen<V>
        where V : unmanaged
    {
        V c = L.Create(constant);
        int i = 0;
        for (; i <= count - 16; i += 16)
        {
            L.Store(target + i, TMap.Apply<L, V>(L.Load(source + i), c));
        }

        if (i < count)
        {
            L.StorePart(target + i, count - i, TMap.Apply<L, V>(L.LoadPart(source + i, count - i, 0f), c));
        }
    }

    /// <summary>Reads rows * 2 * hidden floats and writes rows * hidden that must not overlap them, except when rows is 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void GatedCore<TMap, L, V>(float* source, float* target, int rows, int hidden, float constant)
        where TMap : struct, IMap
        where L : ISixteen<V>
        where V : unmanaged
    {
        Debug.Assert(rows >= 0 && hidden >= 0, "sizes are checked by the caller");
        V c = L.Create(constant);
        for (int r = 0; r < rows; r++)
        {
            float* gate = source + ((long)r * 2 * hidden);
            float* up = gate + hidden;
            float* row = target + ((long)r * hidden);
            int i = 0;
            for (; i <= hidden - 16; i += 16)
            {
                L.Store(row + i, L.Multiply(TMap.Apply<L, V>(L.Load(gate + i), c), L.Load(up + i)));
            }

            int rest = hidden - i;
            if (rest > 0)
            {
                V activated = TMap.Apply<L, V>(L.LoadPart(gate + i, rest, 0f), c);
                L.StorePart(row + i, rest, L.Multiply(activated, L.LoadPart(up + i, rest, 0f)));
            }
        }
    }
}
