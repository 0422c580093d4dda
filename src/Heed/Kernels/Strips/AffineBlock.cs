using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Heed.Kernels.Strips;

/// <summary>
/// Affine numbers d·(q - z) on their way into strips: for each 32 columns of a row d and -z as float32 and then q, a byte each. In a
/// strip sixteen d and sixteen -z lie behind each other: a pair.
/// </summary>
internal static unsafe class AffineBlock
{
    /// <summary>The bytes of 32 columns of a row.</summary>
    public const int Bytes = (2 * sizeof(float)) + StripMatrix.BlockColumns;

    /// <summary>The bytes of a pair.</summary>
    public const int PairBytes = 2 * StripMatrix.StripRows * sizeof(float);

    /// <summary>Sets a block.</summary>
    public static void Write(Span<byte> block, float scale, int zeroPoint, ReadOnlySpan<byte> codes)
    {
        MemoryMarshal.Write(block, scale);
        MemoryMarshal.Write(block[sizeof(float)..], (float)-zeroPoint);
        codes.CopyTo(block[(2 * sizeof(float))..]);
    }

    /// <summary>What <see cref="Write"/> set.</summary>
    public static (float Scale, int ZeroPoint) Read(ReadOnlySpan<byte> block, Span<byte> codes)
    {
        block.Slice(2 * sizeof(float), StripMatrix.BlockColumns).CopyTo(codes);
        return (MemoryMarshal.Read<float>(block), -(int)MemoryMarshal.Read<float>(block[sizeof(float)..]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale<TLanes, V>(byte* pair) where TLanes : struct, ISixteen<V> where V : unmanaged => TLanes.Load((float*)pair);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Minimum<TLanes, V>(byte* pair) where TLanes : struct, ISixteen<V> where V : unmanaged =>
        TLanes.Multiply(TLanes.Load((float*)pair), TLanes.Load((float*)pair + StripMatrix.StripRows));

    public static void WritePair(byte* pair, int row, in FileScales file)
    {
        ((float*)pair)[row] = file.WideScale;
        ((float*)pair)[StripMatrix.StripRows + row] = file.WideOffset;
    }

    public static (float Scale, float Offset) ReadPair(byte* pair, int row) => (((float*)pair)[row], ((float*)pair)[StripMatrix.StripRows + row]);
}
