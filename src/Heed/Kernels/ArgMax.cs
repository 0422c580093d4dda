using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>Finds the greatest element.</summary>
internal static unsafe partial class ArgMax
{
    private const int Block = 1024;

    /// <summary>The index of the first greatest element; NaN never wins; 0 where nothing exceeds -inf, -1 for an empty span.</summary>
    public static int Run(ReadOnlySpan<float> x)
    {
        if (x.IsEmpty)
        {
            return -1;
        }

        fixed (float* source = x)
        {
            if (Vector512.IsHardwareAccelerated)
            {
                return Core<Sixteen512, Vector512<float>>(source, x.Length);
            }

            return Vector256.IsHardwareAccelerated
                ? Core<Sixteen256, Pair256>(source, x.Length)
                : Core<Sixteen128, Quad128>(source, x.Length);
        }
    }

    /// <summary>Reads <paramref name="count"/> floats: a running maximum, then a second look at the one block that held it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static int Core<L, V>(float* x, int count)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float best = float.NegativeInfinity;
        int bestBlock = -1;
        for (int start = 0; start < count; start += Block)
        {
            int end = Math.Min(count, start + Block);
            V max = L.Create(float.NegativeInfinity);
            for (int i = start; i < end; i += 16)
            {
                int rest = end - i;
                V v = rest >= 16 ? L.Load(x + i) : L.LoadPart(x + i, rest, float.NegativeInfinity);
                max = L.SelectLess(max, v, v, max); // NaN compares false and is passed over
            }

            float blockMax = L.MaxLane(max);
            if (blockMax > best)
            {
                best = blockMax;
                bestBlock = start;
            }
        }

        if (bestBlock < 0)
        {
            return 0;
        }

        int found = bestBlock;
        while (x[found] != best)
        {
            found++;
        }

        return found;
    }
}
