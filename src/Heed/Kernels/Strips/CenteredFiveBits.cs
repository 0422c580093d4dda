using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>Numbers of five bits, less 16.</summary>
internal readonly unsafe struct CenteredFiveBits : IStripQuants
{
    public static int Bytes => StripBits.FourBytes + StripBits.OneBytes;

    public static int Zero => 16;

    public static int Max => 31;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Groups<TLanes, TBytes>(byte* block, int pair, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes> =>
        FiveBits.Groups<TLanes, TBytes>(block, pair, out even, out odd);

    public static int Read(byte* block, int row, int column) => FiveBits.Read(block, row, column);

    public static void Write(byte* block, uint* lines) => FiveBits.Write(block, lines);
}
