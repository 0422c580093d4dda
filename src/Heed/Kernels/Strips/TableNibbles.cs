using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>Indices of four bits into ggml's table of uneven steps; the numbers are its entries plus 128.</summary>
internal readonly unsafe struct TableNibbles : IStripQuants
{
    // The compiler lays the bytes down in the assembly's own memory, which does not move.
    private static byte* Table => (byte*)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(Entries));

    private static ReadOnlySpan<byte> Entries => [1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241];

    public static int Bytes => StripBits.FourBytes;

    public static int Zero => 128;

    public static int Max => 255;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Groups<TLanes, TBytes>(byte* block, int pair, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes>
    {
        StripBits.Four<TLanes, TBytes>(block, pair, out TBytes low, out TBytes high);
        even = TLanes.Lookup(Table, low);
        odd = TLanes.Lookup(Table, high);
    }

    public static int Read(byte* block, int row, int column) => Table[StripBits.ReadFour(block, row, column)];

    public static void Write(byte* block, uint* lines) => StripBits.WriteFour(block, lines, 0);
}
