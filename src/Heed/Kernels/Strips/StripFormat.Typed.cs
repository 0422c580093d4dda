using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Heed.Kernels.Quantization;

namespace Heed.Kernels.Strips;

/// <summary>A format of numbers and scales.</summary>
internal sealed unsafe class StripFormat<TQuants, TScales> : StripFormat
    where TQuants : struct, IStripQuants
    where TScales : struct, IStripScales
{
    public override long StripBytes(int blocks)
    {
        (int whole, int rest) = Math.DivRem(blocks, StripMatrix.ChunkBlocks);
        return ((long)whole * ChunkBytes(StripMatrix.ChunkBlocks)) + (rest == 0 ? 0 : ChunkBytes(rest));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pack(WeightType type, int blocks, byte* rows, long rowBytes, int rowCount, byte* strip)
    {
        int together = BlockSizes.ElementsPerBlock(type) / StripMatrix.BlockColumns, bytes = BlockSizes.BytesPerBlock(type);
        // The codes of one block of the file in each row, 8 words for 32 columns; those of rows that there are not stay zero.
        int words = 8 * together;
        uint* codes = stackalloc uint[StripMatrix.StripRows * BlockSizes.Super / sizeof(uint)], lines = stackalloc uint[8 * StripBits.LineWords];
        new Span<uint>(codes, StripMatrix.StripRows * words).Clear();
        FileScales file = default;
        for (int first = 0; first < blocks; first += StripMatrix.ChunkBlocks)
        {
            int count = Math.Min(StripMatrix.ChunkBlocks, blocks - first);
            byte* scales = strip + (count * TQuants.Bytes);
            byte* from = rows + ((long)(first / together) * bytes);
            for (int block = 0; block < count; block += together, from += bytes)
            {
                for (int row = 0; row < rowCount; row++)
                {
                    FileBlock.Read(type, from + (row * rowBytes), (byte*)(codes + (row * words)), ref file);
                    TScales.Write(scales, block, row, file);
                }
                for (int i = 0; i < together; i++)
                {
                    // Words move as floats would; nothing is computed.
                    TilePacking.Transpose((float*)(codes + (8 * i)), words, StripMatrix.StripRows, 8, (float*)lines, StripBits.LineWords);
                    TQuants.Write(strip + ((block + i) * TQuants.Bytes), lines);
                }
            }
            strip += ChunkBytes(count);
        }
    }

    public override void ReadRow(int blocks, byte* strip, int row, float* destination)
    {
        for (int first = 0; first < blocks; first += StripMatrix.ChunkBlocks)
        {
            int count = Math.Min(StripMatrix.ChunkBlocks, blocks - first);
            byte* scales = strip + (count * TQuants.Bytes);
            for (int block = 0; block < count; block++, destination += StripMatrix.BlockColumns)
                ReadBlock(strip + (block * TQuants.Bytes), scales, block, row, destination);
            strip += ChunkBytes(count);
        }
    }

    public override void Multiply(StripPath path, WorkerPool pool, in StripOperands operands, ref SharedInput input)
    {
        bool narrow = TQuants.Max <= 15;
        // With AVX-VNNI too 512 bits gain for one row of x and where a minimum is added to a block; otherwise sums of 32 bits need fewer instructions.
        bool narrow512 = narrow && (path == StripPath.Avx512 || (path == StripPath.Avx512Vnni && ((TScales.HasMinimum && TScales.Parts == 1) || operands.M == 1)));
        if (path == StripPath.Portable) Run<PortableDot, Quad<Vector128<int>>, Bytes128, Quad<Vector128<byte>>, Sixteen128, Quad128>(pool, operands, ref input);
        else if (narrow512) Run<NarrowDot512, Vector512<short>, Bytes512, Vector512<byte>, Sixteen512, Vector512<float>>(pool, operands, ref input);
        else if (path is StripPath.AvxVnni or StripPath.Avx512Vnni) RunWide<VnniProducts>(pool, operands, ref input);
        else if (path == StripPath.Avx2 && narrow) Run<NarrowDot256, Pair<Vector256<short>>, Bytes256, Pair<Vector256<byte>>, Sixteen256, Pair256>(pool, operands, ref input);
        else if (TQuants.Max <= 127) RunWide<SevenBitProducts>(pool, operands, ref input);
        else if (TQuants.Zero == 128) RunWide<CenteredProducts>(pool, operands, ref input);
        else RunWide<EightBitProducts>(pool, operands, ref input);
    }

    private static int ChunkBytes(int blocks) => (blocks * TQuants.Bytes) + TScales.Bytes(blocks);

    private static void ReadBlock(byte* quants, byte* scales, int block, int row, float* destination)
    {
        float* sixteen = stackalloc float[16], minima = stackalloc float[16];
        int width = StripMatrix.BlockColumns / TScales.Parts;
        for (int part = 0; part < TScales.Parts; part++)
        {
            Sixteen128.Store(sixteen, TScales.Scale<Sixteen128, Quad128>(TScales.Common<Sixteen128, Quad128>(scales), scales, block, part));
            Sixteen128.Store(minima, TScales.Minimum<Sixteen128, Quad128>(TScales.CommonMinimum<Sixteen128, Quad128>(scales), scales, block, part));
            for (int i = part * width; i < (part + 1) * width; i++)
            {
                float value = sixteen[row] * (TQuants.Read(quants, row, i) - TQuants.Zero);
                destination[i] = TScales.HasMinimum ? value + minima[row] : value;
            }
        }
    }

    private static void RunWide<TProducts>(WorkerPool pool, in StripOperands operands, ref SharedInput input) where TProducts : struct, IWideProducts =>
        Run<WideDot<TProducts>, Pair<Vector256<int>>, Bytes256, Pair<Vector256<byte>>, Sixteen256, Pair256>(pool, operands, ref input);

    private static void Run<TDot, TSum, TByteLanes, TBytes, TLanes, V>(WorkerPool pool, in StripOperands operands, ref SharedInput input)
        where TDot : struct, IDotLanes<TSum, TBytes, V>
        where TByteLanes : struct, IByteLanes<TBytes>
        where TLanes : struct, ISixteen<V>
        where V : unmanaged => StripProduct<TQuants, TScales, TDot, TSum, TByteLanes, TBytes, TLanes, V>.Run(pool, operands, ref input);
}
