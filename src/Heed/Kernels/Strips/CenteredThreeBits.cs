using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>Numbers of three bits, less 4: two, and the third.</summary>
internal readonly unsafe struct CenteredThreeBits : IStripQuants
{
    public static int Bytes => StripBits.TwoBytes + StripBits.OneBytes;

    public static int Zero => 4;

    public static int Max => 7;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Groups<TLanes, TBytes>(byte* block, int pair, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes>
    {
        StripBits.Two<TLanes, TBytes>(block, pair, 0, out TBytes evenLow, out TBytes oddLow);
        StripBits.One<TLanes, TBytes>(block + StripBits.TwoBytes, pair, 2, out TBytes evenHigh, out TBytes oddHigh);
        even = TLanes.Or(evenLow, evenHigh);
        odd = TLanes.Or(oddLow, oddHigh);
    }

    public static int Read(byte* block, int row, int column) => StripBits.ReadTwo(block, row, column) | (StripBits.ReadOne(block + StripBits.TwoBytes, row, column) << 2);

    public static void Write(byte* block, uint* lines)
    {
        StripBits.WriteTwo(block, lines, 0);
        StripBits.WriteOne(block + StripBits.TwoBytes, lines, 2);
    }
}
