using System.Runtime.InteropServices;

namespace Heed.Kernels.Strips;

/// <summary>Strips of affine numbers of eight bits, packed from rows of <see cref="AffineBlock"/>s.</summary>
internal sealed unsafe class AffineStripFormat<TScales> : StripFormat
    where TScales : struct, IStripScales
{
    private readonly StripFormat<WholeBytes, TScales> _product = new();

    public override long StripBytes(int blocks) => _product.StripBytes(blocks);

    public override void Multiply(StripPath path, WorkerPool pool, in StripOperands operands, ref SharedInput input) => _product.Multiply(path, pool, operands, ref input);

    public override void Pack(WeightType type, int blocks, byte* rows, long rowBytes, int rowCount, byte* strip)
    {
        uint* codes = stackalloc uint[StripMatrix.BlockColumns / sizeof(uint)];
        Span<byte> bytes = new(codes, StripMatrix.BlockColumns);
        FileScales file = default;
        for (int first = 0; first < blocks; first += StripMatrix.ChunkBlocks)
        {
            int count = Math.Min(StripMatrix.ChunkBlocks, blocks - first);
            byte* scales = strip + (count * WholeBytes.Bytes);
            for (int row = 0; row < rowCount; row++)
                for (int block = 0; block < count; block++)
                {
                    ReadOnlySpan<byte> from = new(rows + (row * rowBytes) + ((long)(first + block) * AffineBlock.Bytes), AffineBlock.Bytes);
                    file.WideScale = MemoryMarshal.Read<float>(from);
                    file.WideOffset = MemoryMarshal.Read<float>(from[sizeof(float)..]);
                    from[(2 * sizeof(float))..].CopyTo(bytes);
                    TScales.Write(scales, block, row, file);
                    uint* to = (uint*)(strip + (block * WholeBytes.Bytes)) + row;
                    for (int group = 0; group < 8; group++) to[group * StripMatrix.StripRows] = codes[group];
                }
            strip = scales + TScales.Bytes(count);
        }
    }

    public override void ReadRow(int blocks, byte* strip, int row, float* destination)
    {
        for (int first = 0; first < blocks; first += StripMatrix.ChunkBlocks)
        {
            int count = Math.Min(StripMatrix.ChunkBlocks, blocks - first);
            byte* scales = strip + (count * WholeBytes.Bytes);
            for (int block = 0; block < count; block++, destination += StripMatrix.BlockColumns)
            {
                (float scale, float offset) = Pair(scales, block, row);
                for (int i = 0; i < StripMatrix.BlockColumns; i++) destination[i] = scale * (WholeBytes.Read(strip + (block * WholeBytes.Bytes), row, i) + offset);
            }
            strip = scales + TScales.Bytes(count);
        }
    }

    /// <summary>A row of a strip as <see cref="AffineBlock"/>s.</summary>
    public override void ReadBlocks(int blocks, byte* strip, int row, byte* destination)
    {
        for (int first = 0; first < blocks; first += StripMatrix.ChunkBlocks)
        {
            int count = Math.Min(StripMatrix.ChunkBlocks, blocks - first);
            byte* scales = strip + (count * WholeBytes.Bytes);
            for (int block = 0; block < count; block++, destination += AffineBlock.Bytes)
            {
                (((float*)destination)[0], ((float*)destination)[1]) = Pair(scales, block, row);
                for (int i = 0; i < StripMatrix.BlockColumns; i++) destination[(2 * sizeof(float)) + i] = (byte)WholeBytes.Read(strip + (block * WholeBytes.Bytes), row, i);
            }
            strip = scales + TScales.Bytes(count);
        }
    }

    // A chunk's one pair, or the block's.
    private static (float Scale, float Offset) Pair(byte* scales, int block, int row) => AffineBlock.ReadPair(scales + (TScales.Bytes(block + 1) - AffineBlock.PairBytes), row);
}
