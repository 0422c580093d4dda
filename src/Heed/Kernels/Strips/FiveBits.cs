using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>Numbers of five bits: four, and the fifth.</summary>
internal readonly unsafe struct FiveBits : IStripQuants
{
    public static int Bytes => StripBits.FourBytes + StripBits.OneBytes;

    public static int Zero => 0;

    public static int Max => 31;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Groups<TLanes, TBytes>(byte* block, int pair, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes>
    {
        StripBits.Four<TLanes, TBytes>(block, pair, out TBytes evenLow, out TBytes oddLow);
        StripBits.One<TLanes, TBytes>(block + StripBits.FourBytes, pair, 4, out TBytes evenHigh, out TBytes oddHigh);
        even = TLanes.Or(evenLow, evenHigh);
        odd = TLanes.Or(oddLow, oddHigh);
    }

    public static int Read(byte* block, int row, int column) => StripBits.ReadFour(block, row, column) | (StripBits.ReadOne(block + StripBits.FourBytes, row, column) << 4);

    public static void Write(byte* block, uint* lines)
    {
        StripBits.WriteFour(block, lines, 0);
        StripBits.WriteOne(block + StripBits.FourBytes, lines, 4);
    }
}
