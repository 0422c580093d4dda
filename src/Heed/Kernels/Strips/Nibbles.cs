using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>Numbers of four bits.</summary>
internal readonly unsafe struct Nibbles : IStripQuants
{
    public static int Bytes => StripBits.FourBytes;

    public static int Zero => 0;

    public static int Max => 15;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Groups<TLanes, TBytes>(byte* block, int pair, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes> =>
        StripBits.Four<TLanes, TBytes>(block, pair, out even, out odd);

    public static int Read(byte* block, int row, int column) => StripBits.ReadFour(block, row, column);

    public static void Write(byte* block, uint* lines) => StripBits.WriteFour(block, lines, 0);
}
