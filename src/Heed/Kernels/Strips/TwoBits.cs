using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>Numbers of two bits.</summary>
internal readonly unsafe struct TwoBits : IStripQuants
{
    public static int Bytes => StripBits.TwoBytes;

    public static int Zero => 0;

    public static int Max => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Groups<TLanes, TBytes>(byte* block, int pair, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes> =>
        StripBits.Two<TLanes, TBytes>(block, pair, 0, out even, out odd);

    public static int Read(byte* block, int row, int column) => StripBits.ReadTwo(block, row, column);

    public static void Write(byte* block, uint* lines) => StripBits.WriteTwo(block, lines, 0);
}
