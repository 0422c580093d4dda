using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels;

/// <summary>
/// The key layout of <see cref="FlashAttention"/>: for one batch row and kv head [ceil(capacity / 16), headDim, 16], so
/// that one component of sixteen neighbouring keys fills a vector. Slots that were never written may hold anything.
/// </summary>
internal static unsafe class KvPanels
{
    /// <summary>Keys per panel.</summary>
    public const int Width = 16;

    /// <summary>Floats that one kv head of one batch row takes.</summary>
    public static long Floats(int capacity, int headDim) => ((long)capacity + Width - 1) / Width * Width * headDim;

    /// <summary>Writes the key of one position; <paramref name="panels"/> begins at the head's first panel.</summary>
    public static void WriteKey(float* panels, int position, ReadOnlySpan<float> key)
    {
        float* lane = panels + ((long)(position / Width) * key.Length * Width) + (position % Width);
        for (int d = 0; d < key.Length; d++)
        {
            lane[(long)d * Width] = key[d];
        }
    }

    /// <summary>Reads the key of one position.</summary>
    public static void ReadKey(float* panels, int position, Span<float> key)
    {
        float* lane = panels + ((long)(position / Width) * key.Length * Width) + (position % Width);
        for (int d = 0; d < key.Length; d++)
        {
            key[d] = lane[(long)d * Width];
        }
    }

    /// <summary>Writes <paramref name="count"/> keys, <paramref name="keyStride"/> floats apart, from <paramref name="position"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write(float* panels, int position, int count, float* keys, long keyStride, int headDim)
    {
        Debug.Assert(position >= 0 && count >= 0, "positions are checked by the caller");
        int i = 0;
        while (i < count)
        {
            int at = position + i;
            float* lane = panels + ((long)(at / Width) * headDim * Width) + (at % Width);
            float* key = keys + (i * keyStride);
            if (Sse.IsSupported && at % 4 == 0 && count - i >= 4)
            {
                WriteFour(lane, key, keyStride, headDim);
                i += 4;
            }
            else
            {
                for (int d = 0; d < headDim; d++)
                {
                    lane[(long)d * Width] = key[d];
                }

                i++;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteFour(float* lane, float* key, long keyStride, int headDim)
    {
        float* key1 = key + keyStride;
        float* key2 = key1 + keyStride;
        float* key3 = key2 + keyStride;
        int d = 0;
        for (; d <= headDim - 4; d += 4, lane += 4 * Width)
        {
            Vector128<float> a = Vector128.Load(key + d);
            Vector128<float> b = Vector128.Load(key1 + d);
            Vector128<float> c = Vector128.Load(key2 + d);
            Vector128<float> e = Vector128.Load(key3 + d);
            Vector128<float> abLow = Sse.UnpackLow(a, b);
            Vector128<float> abHigh = Sse.UnpackHigh(a, b);
            Vector128<float> ceLow = Sse.UnpackLow(c, e);
            Vector128<float> ceHigh = Sse.UnpackHigh(c, e);
            Sse.MoveLowToHigh(abLow, ceLow).Store(lane);
            Sse.MoveHighToLow(ceLow, abLow).Store(lane + Width);
            Sse.MoveLowToHigh(abHigh, ceHigh).Store(lane + (2 * Width));
            Sse.MoveHighToLow(ceHigh, abHigh).Store(lane + (3 * Width));
        }

        for (; d < headDim; d++, lane += Width)
        {
            lane[0] = key[d];
            lane[1] = key1[d];
            lane[2] = key2[d];
            lane[3] = key3[d];
        }
    }
}
