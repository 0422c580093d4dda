using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>
/// sums[t, row] = over blocks, + (sum over parts of scale·(whole sum of q·x))·xScale + minimum·(sum of x): one strip by a tile of rows
/// of x. A block's numbers stay in registers while all rows of x pass. Whole sums are exact, and the floats go one chain of fused
/// multiply-adds over ascending blocks, so that every instruction set, tile and thread count gives the same bits.
/// </summary>
internal static unsafe class StripKernel
{
    private const int Sixteen = StripMatrix.StripRows;

    // A row of x alone passes over the weights faster than memory follows by itself: bytes are asked for this far ahead, first into the
    // second-level cache, where many requests may wait, and then into the first.
    private const int FarAhead = 16384, NearAhead = 2048;

    /// <summary>Bounds: reads what <see cref="StripTile"/> says, and sets 16 sums for each row of x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TQuants, TScales, TDot, TSum, TByteLanes, TBytes, TLanes, V, TRows>(in StripTile tile)
        where TQuants : struct, IStripQuants
        where TScales : struct, IStripScales
        where TDot : struct, IDotLanes<TSum, TBytes, V>
        where TByteLanes : struct, IByteLanes<TBytes>
        where TLanes : struct, ISixteen<V>
        where V : unmanaged
        where TRows : struct, IRowCount
    {
        nint rows = TRows.One ? 1 : tile.Rows;
        float* sums = tile.Sums;
        V only = TLanes.Create(0);
        if (!TRows.One) for (nint row = 0; row < rows; row++) TLanes.Store(sums + (row * Sixteen), only);
        byte* quants = tile.Weights;
        int* x = tile.X, start = tile.Corrections;
        float* xScales = tile.XScales;
        for (nint left = tile.Blocks; left > 0; left -= StripMatrix.ChunkBlocks)
        {
            int count = (int)Math.Min(StripMatrix.ChunkBlocks, left);
            byte* scales = quants + (count * TQuants.Bytes);
            V common = TScales.Common<TLanes, V>(scales), commonMinimum = TScales.CommonMinimum<TLanes, V>(scales);
            for (int block = 0; block < count; block++, quants += TQuants.Bytes, xScales += rows, start += TScales.Parts * rows)
            {
                if (TRows.One && Sse.IsSupported) Prefetch(quants, TQuants.Bytes);
                TQuants.Groups<TByteLanes, TBytes>(quants, 0, out TBytes w0, out TBytes w1);
                TQuants.Groups<TByteLanes, TBytes>(quants, 1, out TBytes w2, out TBytes w3);
                TQuants.Groups<TByteLanes, TBytes>(quants, 2, out TBytes w4, out TBytes w5);
                TQuants.Groups<TByteLanes, TBytes>(quants, 3, out TBytes w6, out TBytes w7);
                V scale = TScales.Scale<TLanes, V>(common, scales, block, 0), scale2 = default, minimum = default, minimum2 = default;
                // What the sums' bias comes to: exact, since it has two bits and a scale that is not wide at most 19.
                V bias = TLanes.Multiply(scale, TLanes.Create(-SumBias.Value)), bias2 = default;
                if (TScales.Parts == 2)
                {
                    scale2 = TScales.Scale<TLanes, V>(common, scales, block, 1);
                    bias2 = TLanes.Multiply(scale2, TLanes.Create(-SumBias.Value));
                }
                if (TScales.HasMinimum) minimum = TScales.Minimum<TLanes, V>(commonMinimum, scales, block, 0);
                if (TScales.HasMinimum && TScales.Parts == 2) minimum2 = TScales.Minimum<TLanes, V>(commonMinimum, scales, block, 1);
                for (nint row = 0; row < rows; row++, x += 8)
                {
                    // Two short chains of sums: a long one keeps the processor waiting.
                    TSum sum = TDot.Dot(TDot.Dot(TDot.Dot(TDot.Dot(Start<TQuants, TDot, TSum, TBytes, V>(start + row), w0, x[0]), w1, x[1]), w2, x[2]), w3, x[3]);
                    V scaled;
                    if (TScales.Parts == 1)
                    {
                        sum = TDot.Add(sum, TDot.Dot(TDot.Dot(TDot.Dot(TDot.Product(w4, x[4]), w5, x[5]), w6, x[6]), w7, x[7]));
                        scaled = TScales.IsWide ? TLanes.Multiply(TLanes.Subtract(TDot.Biased(sum), TLanes.Create(SumBias.Value)), scale) : TLanes.Fma(TDot.Biased(sum), scale, bias);
                    }
                    else
                    {
                        scaled = TLanes.Fma(TDot.Biased(sum), scale, bias);
                        sum = TDot.Dot(TDot.Dot(TDot.Dot(TDot.Dot(Start<TQuants, TDot, TSum, TBytes, V>(start + rows + row), w4, x[4]), w5, x[5]), w6, x[6]), w7, x[7]);
                        scaled = TLanes.Add(scaled, TLanes.Fma(TDot.Biased(sum), scale2, bias2));
                    }
                    V chain = TLanes.Fma(scaled, TLanes.Create(xScales[row]), TRows.One ? only : TLanes.Load(sums + (row * Sixteen)));
                    if (TScales.HasMinimum) chain = TLanes.Fma(minimum, TLanes.Create(((float*)start)[row]), chain);
                    if (TScales.HasMinimum && TScales.Parts == 2) chain = TLanes.Fma(minimum2, TLanes.Create(((float*)start)[rows + row]), chain);
                    if (TRows.One) only = chain;
                    else TLanes.Store(sums + (row * Sixteen), chain);
                }
            }
            if (TRows.One && Sse.IsSupported) Prefetch(scales, TScales.Bytes(StripMatrix.ChunkBlocks));
            quants = scales + TScales.Bytes(count);
        }
        if (TRows.One) TLanes.Store(sums, only);
    }

    /// <summary>Asks for what lies ahead, which need not be valid memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* address, int bytes)
    {
        for (int at = 0; at < bytes; at += 64)
        {
            Sse.Prefetch1(address + FarAhead + at);
            Sse.Prefetch0(address + NearAhead + at);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSum Start<TQuants, TDot, TSum, TBytes, V>(int* word)
        where TQuants : struct, IStripQuants
        where TDot : struct, IDotLanes<TSum, TBytes, V> => TDot.Start(TQuants.Zero == 0 ? TDot.StartWord(0) : *word);
}
