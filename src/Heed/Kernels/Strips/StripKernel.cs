using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>
/// y[t, row] = the sum over blocks of scale·xScale·(whole sum of q·x) + minimum·(sum of x): one strip by a tile of rows of x. Whole
/// sums are exact and the floats go one chain of fused multiply-adds over ascending blocks, so that every instruction set, tile and
/// thread count gives the same bits.
/// </summary>
internal static unsafe class StripKernel
{
    /// <summary>The most rows of x in a tile.</summary>
    public const int MaxTokens = 8;

    private const int Ahead = 4096;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TQuants, TScales, TDot, TSum, TByteLanes, TBytes, TLanes, V, TTokens>(in StripTile tile)
        where TQuants : struct, IStripQuants
        where TScales : struct, IStripScales
        where TDot : struct, IDotLanes<TSum, TBytes, V>
        where TByteLanes : struct, IByteLanes<TBytes>
        where TLanes : struct, ISixteen<V>
        where V : unmanaged
        where TTokens : struct, ICount
    {
        V zero = TLanes.Create(0);
        V f0 = zero, f1 = zero, f2 = zero, f3 = zero, f4 = zero, f5 = zero, f6 = zero, f7 = zero;
        byte* quants = tile.Weights;
        int* x = tile.X, start = tile.Corrections;
        float* xScales = tile.XScales;
        for (nint left = tile.Blocks; left > 0; left -= StripMatrix.ChunkBlocks)
        {
            int count = (int)Math.Min(StripMatrix.ChunkBlocks, left);
            byte* scales = quants + (count * TQuants.Bytes);
            for (int block = 0; block < count; block++, quants += TQuants.Bytes, xScales += TTokens.Value)
            {
                for (int part = 0; part < TScales.Parts; part++, start += TTokens.Value)
                {
                    TSum s0 = Start<TQuants, TDot, TSum, TBytes, V>(start);
                    TSum s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
                    if (TTokens.Value > 1) s1 = Start<TQuants, TDot, TSum, TBytes, V>(start + 1);
                    if (TTokens.Value > 2) s2 = Start<TQuants, TDot, TSum, TBytes, V>(start + 2);
                    if (TTokens.Value > 3) s3 = Start<TQuants, TDot, TSum, TBytes, V>(start + 3);
                    if (TTokens.Value > 4) s4 = Start<TQuants, TDot, TSum, TBytes, V>(start + 4);
                    if (TTokens.Value > 5) s5 = Start<TQuants, TDot, TSum, TBytes, V>(start + 5);
                    if (TTokens.Value > 6) s6 = Start<TQuants, TDot, TSum, TBytes, V>(start + 6);
                    if (TTokens.Value > 7) s7 = Start<TQuants, TDot, TSum, TBytes, V>(start + 7);
                    int first = part * (4 / TScales.Parts), end = first + (4 / TScales.Parts);
                    for (int pair = first; pair < end; pair++, x += 2 * TTokens.Value)
                    {
                        if (TTokens.Value == 1 && Sse.IsSupported) Prefetch(quants + Ahead + ((TQuants.Bytes / 4) * pair), TQuants.Bytes / 4);
                        TQuants.Groups<TByteLanes, TBytes>(quants, pair, out TBytes even, out TBytes odd);
                        s0 = TDot.Dot(TDot.Dot(s0, even, x[0]), odd, x[TTokens.Value]);
                        if (TTokens.Value > 1) s1 = TDot.Dot(TDot.Dot(s1, even, x[1]), odd, x[TTokens.Value + 1]);
                        if (TTokens.Value > 2) s2 = TDot.Dot(TDot.Dot(s2, even, x[2]), odd, x[TTokens.Value + 2]);
                        if (TTokens.Value > 3) s3 = TDot.Dot(TDot.Dot(s3, even, x[3]), odd, x[TTokens.Value + 3]);
                        if (TTokens.Value > 4) s4 = TDot.Dot(TDot.Dot(s4, even, x[4]), odd, x[TTokens.Value + 4]);
                        if (TTokens.Value > 5) s5 = TDot.Dot(TDot.Dot(s5, even, x[5]), odd, x[TTokens.Value + 5]);
                        if (TTokens.Value > 6) s6 = TDot.Dot(TDot.Dot(s6, even, x[6]), odd, x[TTokens.Value + 6]);
                        if (TTokens.Value > 7) s7 = TDot.Dot(TDot.Dot(s7, even, x[7]), odd, x[TTokens.Value + 7]);
                    }
                    V scale = TScales.Scale<TLanes, V>(scales, block, part);
                    f0 = TLanes.Fma(TDot.ToFloat(s0), TLanes.Multiply(scale, TLanes.Create(xScales[0])), f0);
                    if (TTokens.Value > 1) f1 = TLanes.Fma(TDot.ToFloat(s1), TLanes.Multiply(scale, TLanes.Create(xScales[1])), f1);
                    if (TTokens.Value > 2) f2 = TLanes.Fma(TDot.ToFloat(s2), TLanes.Multiply(scale, TLanes.Create(xScales[2])), f2);
                    if (TTokens.Value > 3) f3 = TLanes.Fma(TDot.ToFloat(s3), TLanes.Multiply(scale, TLanes.Create(xScales[3])), f3);
                    if (TTokens.Value > 4) f4 = TLanes.Fma(TDot.ToFloat(s4), TLanes.Multiply(scale, TLanes.Create(xScales[4])), f4);
                    if (TTokens.Value > 5) f5 = TLanes.Fma(TDot.ToFloat(s5), TLanes.Multiply(scale, TLanes.Create(xScales[5])), f5);
                    if (TTokens.Value > 6) f6 = TLanes.Fma(TDot.ToFloat(s6), TLanes.Multiply(scale, TLanes.Create(xScales[6])), f6);
                    if (TTokens.Value > 7) f7 = TLanes.Fma(TDot.ToFloat(s7), TLanes.Multiply(scale, TLanes.Create(xScales[7])), f7);
                    if (!TScales.HasMinimum) continue;
                    V minimum = TScales.Minimum<TLanes, V>(scales, block, part);
                    float* sums = (float*)start;
                    f0 = TLanes.Fma(minimum, TLanes.Create(sums[0]), f0);
                    if (TTokens.Value > 1) f1 = TLanes.Fma(minimum, TLanes.Create(sums[1]), f1);
                    if (TTokens.Value > 2) f2 = TLanes.Fma(minimum, TLanes.Create(sums[2]), f2);
                    if (TTokens.Value > 3) f3 = TLanes.Fma(minimum, TLanes.Create(sums[3]), f3);
                    if (TTokens.Value > 4) f4 = TLanes.Fma(minimum, TLanes.Create(sums[4]), f4);
                    if (TTokens.Value > 5) f5 = TLanes.Fma(minimum, TLanes.Create(sums[5]), f5);
                    if (TTokens.Value > 6) f6 = TLanes.Fma(minimum, TLanes.Create(sums[6]), f6);
                    if (TTokens.Value > 7) f7 = TLanes.Fma(minimum, TLanes.Create(sums[7]), f7);
                }
            }
            if (TTokens.Value == 1 && Sse.IsSupported)
                for (int at = 0; at < TScales.Bytes(StripMatrix.ChunkBlocks); at += 64) Sse.Prefetch0(quants + Ahead + at);
            quants = scales + TScales.Bytes(count);
        }
        float* y = tile.Y;
        TLanes.Store(y, f0);
        if (TTokens.Value > 1) TLanes.Store(y + (1 * tile.Stride), f1);
        if (TTokens.Value > 2) TLanes.Store(y + (2 * tile.Stride), f2);
        if (TTokens.Value > 3) TLanes.Store(y + (3 * tile.Stride), f3);
        if (TTokens.Value > 4) TLanes.Store(y + (4 * tile.Stride), f4);
        if (TTokens.Value > 5) TLanes.Store(y + (5 * tile.Stride), f5);
        if (TTokens.Value > 6) TLanes.Store(y + (6 * tile.Stride), f6);
        if (TTokens.Value > 7) TLanes.Store(y + (7 * tile.Stride), f7);
    }

    /// <summary>A row of x alone passes over the weights faster than memory follows by itself. The address need not be a valid one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* address, int bytes)
    {
        Sse.Prefetch0(address);
        if (bytes > 64) Sse.Prefetch0(address + 64);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSum Start<TQuants, TDot, TSum, TBytes, V>(int* word)
        where TQuants : struct, IStripQuants
        where TDot : struct, IDotLanes<TSum, TBytes, V> => TDot.Start(TQuants.Zero == 0 ? 0 : *word);
}
