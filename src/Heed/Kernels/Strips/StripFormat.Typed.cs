using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Heed.Kernels.Quantization;

namespace Heed.Kernels.Strips;

/// <summary>A format of numbers and scales.</summary>
internal sealed unsafe class StripFormat<TQuants, TScales> : StripFormat
    where TQuants : struct, IStripQuants
    where TScales : struct, IStripScales
{
    public override int QuantBytes => TQuants.Bytes;

    public override long ScaleBytes(int blocks) => TScales.Bytes(blocks);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Pack(WeightType type, int blocks, byte* rows, long rowBytes, int rowCount, byte* quants, byte* scales)
    {
        int together = BlockSizes.ElementsPerBlock(type) / StripMatrix.BlockColumns, bytes = BlockSizes.BytesPerBlock(type);
        uint* codes = stackalloc uint[BlockSizes.Super / sizeof(uint)];
        FileScales file = default;
        for (int row = 0; row < rowCount; row++)
        {
            byte* from = rows + (row * rowBytes);
            for (int block = 0; block < blocks; block += together, from += bytes)
            {
                FileBlock.Read(type, from, (byte*)codes, ref file);
                TScales.Write(scales, block, row, file);
                for (int i = 0; i < together; i++) TQuants.Write(quants + ((long)(block + i) * TQuants.Bytes), row, codes + (8 * i));
            }
        }
    }

    public override void ReadRow(int blocks, byte* quants, byte* scales, int row, float* destination)
    {
        float* sixteen = stackalloc float[16], minima = stackalloc float[16];
        int width = StripMatrix.BlockColumns / TScales.Parts;
        for (int block = 0; block < blocks; block++, quants += TQuants.Bytes)
            for (int part = 0; part < TScales.Parts; part++)
            {
                Sixteen128.Store(sixteen, TScales.Scale<Sixteen128, Quad128>(scales, block, part));
                Sixteen128.Store(minima, TScales.Minimum<Sixteen128, Quad128>(scales, block, part));
                for (int i = part * width; i < (part + 1) * width; i++)
                {
                    float value = sixteen[row] * (TQuants.Read(quants, row, i) - TQuants.Zero);
                    *destination++ = TScales.HasMinimum ? value + minima[row] : value;
                }
            }
    }

    public override void Multiply(StripPath path, WorkerPool pool, in StripOperands operands)
    {
        bool narrow = TQuants.Max <= 15, seven = TQuants.Max <= 127;
        if (path == StripPath.Portable) Run<PortableDot, Quad<Vector128<int>>, Bytes128, Quad<Vector128<byte>>, Sixteen128, Quad128>(pool, operands);
        else if (path is StripPath.Avx512 or StripPath.Avx512Vnni && narrow) Run<NarrowDot512, Vector512<short>, Bytes512, Vector512<byte>, Sixteen512, Vector512<float>>(pool, operands);
        else if (path == StripPath.Avx512Vnni) Run<VnniDot<FloatPair512, Vector512<float>>, Pair<Vector256<int>>, Bytes256, Pair<Vector256<byte>>, Sixteen512, Vector512<float>>(pool, operands);
        else if (path == StripPath.Avx512 && seven) Run<SevenBitDot<FloatPair512, Vector512<float>>, Pair<Vector256<int>>, Bytes256, Pair<Vector256<byte>>, Sixteen512, Vector512<float>>(pool, operands);
        else if (path == StripPath.Avx512) Run<EightBitDot<FloatPair512, Vector512<float>>, Pair<Vector256<int>>, Bytes256, Pair<Vector256<byte>>, Sixteen512, Vector512<float>>(pool, operands);
        else if (path == StripPath.AvxVnni) Run<VnniDot<FloatPair256, Pair256>, Pair<Vector256<int>>, Bytes256, Pair<Vector256<byte>>, Sixteen256, Pair256>(pool, operands);
        else if (narrow) Run<NarrowDot256, Pair<Vector256<short>>, Bytes256, Pair<Vector256<byte>>, Sixteen256, Pair256>(pool, operands);
        else if (seven) Run<SevenBitDot<FloatPair256, Pair256>, Pair<Vector256<int>>, Bytes256, Pair<Vector256<byte>>, Sixteen256, Pair256>(pool, operands);
        else Run<EightBitDot<FloatPair256, Pair256>, Pair<Vector256<int>>, Bytes256, Pair<Vector256<byte>>, Sixteen256, Pair256>(pool, operands);
    }

    private static void Run<TDot, TSum, TByteLanes, TBytes, TLanes, V>(WorkerPool pool, in StripOperands operands)
        where TDot : struct, IDotLanes<TSum, TBytes, V>
        where TByteLanes : struct, IByteLanes<TBytes>
        where TLanes : struct, ISixteen<V>
        where V : unmanaged => StripProduct<TQuants, TScales, TDot, TSum, TByteLanes, TBytes, TLanes, V>.Run(pool, operands);
}
