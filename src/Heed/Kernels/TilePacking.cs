using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels;

/// <summary>Brings strided rows into the order in which register tiles read them: one column of the tile after the other.</summary>
internal static unsafe class TilePacking
{
    private const int CopyAhead = 8;

    /// <summary>
    /// destination[i * width + r] = source[r * rowStride + i] for r in 0..rows and i in 0..k; zeros for r in rows..width.
    /// Bounds: source holds <paramref name="rows"/> rows of k floats and is not read outside them; destination holds k * width floats.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* source, nint rowStride, int rows, int k, float* destination, int width)
    {
        if (rows < width) ClearColumns(destination, rows, width, k);
        if (Avx.IsSupported && rows >= 8)
        {
            for (int r = 0; r < rows; r += 8) Strip8(source, rowStride, Math.Min(r, rows - 8), k, destination, width);
        }
        else if (Sse.IsSupported && rows >= 4)
        {
            for (int r = 0; r < rows; r += 4) Strip4(source, rowStride, Math.Min(r, rows - 4), k, destination, width);
        }
        else
        {
            Gather(source, rowStride, 1, rows, k, destination, width);
        }
    }

    /// <summary>destination[i * width + r] = source[r * rowStride + i * columnStride], for any strides.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gather(float* source, nint rowStride, nint columnStride, int rows, int k, float* destination, int width)
    {
        for (int i = 0; i < k; i++)
            for (int r = 0; r < rows; r++) destination[((nint)i * width) + r] = source[(r * rowStride) + (i * columnStride)];
    }

    /// <summary>
    /// destination[i * width + r] = source[i * columnStride + r]: the tile's columns lie together already. Each step is a jump to
    /// another line and often page, which the hardware does not foresee, so lines are asked for ahead.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyColumns(float* source, nint columnStride, int rows, int k, float* destination, int width)
    {
        for (int i = 0; i < k; i++, source += columnStride, destination += width)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(source + (CopyAhead * columnStride));
                Sse.Prefetch0(source + (CopyAhead * columnStride) + 16);
            }
            int r = 0;
            for (; r <= rows - 8; r += 8) Vector256.Load(source + r).Store(destination + r);
            for (; r < rows; r++) destination[r] = source[r];
        }
    }

    private static void ClearColumns(float* destination, int rows, int width, int k)
    {
        for (int i = 0; i < k; i++) new Span<float>(destination + ((nint)i * width) + rows, width - rows).Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Strip8(float* source, nint stride, int first, int k, float* destination, int width)
    {
        float* s = source + (first * stride);
        float* d = destination + first;
        int i = 0;
        for (; i <= k - 8; i += 8, s += 8, d += 8 * width)
        {
            Vector256<float> a0 = Vector256.Load(s), a1 = Vector256.Load(s + stride), a2 = Vector256.Load(s + (2 * stride)), a3 = Vector256.Load(s + (3 * stride));
            Vector256<float> a4 = Vector256.Load(s + (4 * stride)), a5 = Vector256.Load(s + (5 * stride)), a6 = Vector256.Load(s + (6 * stride)), a7 = Vector256.Load(s + (7 * stride));
            Vector256<float> b0 = Avx.UnpackLow(a0, a1), b1 = Avx.UnpackHigh(a0, a1), b2 = Avx.UnpackLow(a2, a3), b3 = Avx.UnpackHigh(a2, a3);
            Vector256<float> b4 = Avx.UnpackLow(a4, a5), b5 = Avx.UnpackHigh(a4, a5), b6 = Avx.UnpackLow(a6, a7), b7 = Avx.UnpackHigh(a6, a7);
            a0 = Avx.Shuffle(b0, b2, 0x44);
            a1 = Avx.Shuffle(b0, b2, 0xEE);
            a2 = Avx.Shuffle(b1, b3, 0x44);
            a3 = Avx.Shuffle(b1, b3, 0xEE);
            a4 = Avx.Shuffle(b4, b6, 0x44);
            a5 = Avx.Shuffle(b4, b6, 0xEE);
            a6 = Avx.Shuffle(b5, b7, 0x44);
            a7 = Avx.Shuffle(b5, b7, 0xEE);
            Avx.Permute2x128(a0, a4, 0x20).Store(d);
            Avx.Permute2x128(a1, a5, 0x20).Store(d + width);
            Avx.Permute2x128(a2, a6, 0x20).Store(d + (2 * width));
            Avx.Permute2x128(a3, a7, 0x20).Store(d + (3 * width));
            Avx.Permute2x128(a0, a4, 0x31).Store(d + (4 * width));
            Avx.Permute2x128(a1, a5, 0x31).Store(d + (5 * width));
            Avx.Permute2x128(a2, a6, 0x31).Store(d + (6 * width));
            Avx.Permute2x128(a3, a7, 0x31).Store(d + (7 * width));
        }
        Gather(s, stride, 1, 8, k - i, d, width);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Strip4(float* source, nint stride, int first, int k, float* destination, int width)
    {
        float* s = source + (first * stride);
        float* d = destination + first;
        int i = 0;
        for (; i <= k - 4; i += 4, s += 4, d += 4 * width)
        {
            Vector128<float> a0 = Vector128.Load(s), a1 = Vector128.Load(s + stride), a2 = Vector128.Load(s + (2 * stride)), a3 = Vector128.Load(s + (3 * stride));
            Vector128<float> b0 = Sse.UnpackLow(a0, a1), b1 = Sse.UnpackHigh(a0, a1), b2 = Sse.UnpackLow(a2, a3), b3 = Sse.UnpackHigh(a2, a3);
            Sse.MoveLowToHigh(b0, b2).Store(d);
            Sse.MoveHighToLow(b2, b0).Store(d + width);
            Sse.MoveLowToHigh(b1, b3).Store(d + (2 * width));
            Sse.MoveHighToLow(b3, b1).Store(d + (3 * width));
        }
        Gather(s, stride, 1, 4, k - i, d, width);
    }
}
