using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>
/// Planes of bits of a block. Four bits a number: line p holds groups 2p in the low and 2p + 1 in the high halves. Two bits: line
/// p / 2 holds groups 2p and 2p + 1 from bit 4·(p mod 2) on. One bit: one line holds group g in bit g.
/// </summary>
internal static unsafe class StripBits
{
    public const int FourBytes = 256, TwoBytes = 128, OneBytes = 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Four<TLanes, TBytes>(byte* plane, int pair, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes>
    {
        TBytes line = TLanes.Load(plane + (64 * pair));
        even = TLanes.And(line, 15);
        odd = TLanes.And(TLanes.ShiftRight(line, 4), 15);
    }

    /// <summary>Two bits of each number of two groups, at bit <paramref name="to"/> of its byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Two<TLanes, TBytes>(byte* plane, int pair, int to, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes>
    {
        TBytes line = TLanes.Load(plane + (64 * (pair >> 1)));
        even = Bits<TLanes, TBytes>(line, 4 * (pair & 1), to, 3);
        odd = Bits<TLanes, TBytes>(line, (4 * (pair & 1)) + 2, to, 3);
    }

    /// <summary>One bit of each number of two groups, at bit <paramref name="to"/> of its byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void One<TLanes, TBytes>(byte* plane, int pair, int to, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes>
    {
        TBytes line = TLanes.Load(plane);
        even = Bits<TLanes, TBytes>(line, 2 * pair, to, 1);
        odd = Bits<TLanes, TBytes>(line, (2 * pair) + 1, to, 1);
    }

    public static int ReadFour(byte* plane, int row, int column) => (plane[At(row, column, 8)] >> (4 * (column >> 2 & 1))) & 15;

    public static int ReadTwo(byte* plane, int row, int column) => (plane[At(row, column, 16)] >> (2 * (column >> 2 & 3))) & 3;

    public static int ReadOne(byte* plane, int row, int column) => (plane[At(row, column, 32)] >> (column >> 2)) & 1;

    /// <summary>Four bits of each byte of eight words, from bit <paramref name="first"/> on.</summary>
    public static void WriteFour(byte* plane, int row, uint* groups, int first)
    {
        uint mask = 0x0F0F0F0F;
        for (int pair = 0; pair < 4; pair++)
            *(uint*)(plane + (64 * pair) + (4 * row)) = ((groups[2 * pair] >> first) & mask) | (((groups[(2 * pair) + 1] >> first) & mask) << 4);
    }

    /// <summary>Two bits of each byte of eight words, from bit <paramref name="first"/> on.</summary>
    public static void WriteTwo(byte* plane, int row, uint* groups, int first)
    {
        for (int line = 0; line < 2; line++)
        {
            uint bits = 0;
            for (int i = 0; i < 4; i++) bits |= ((groups[(4 * line) + i] >> first) & 0x03030303) << (2 * i);
            *(uint*)(plane + (64 * line) + (4 * row)) = bits;
        }
    }

    /// <summary>One bit of each byte of eight words: bit <paramref name="first"/>.</summary>
    public static void WriteOne(byte* plane, int row, uint* groups, int first)
    {
        uint bits = 0;
        for (int i = 0; i < 8; i++) bits |= ((groups[i] >> first) & 0x01010101) << i;
        *(uint*)(plane + (4 * row)) = bits;
    }

    /// <summary>The bits of each byte from <paramref name="from"/> on that a mask of the lowest ones keeps, moved to <paramref name="to"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TBytes Bits<TLanes, TBytes>(TBytes line, int from, int to, int mask) where TLanes : struct, IByteLanes<TBytes>
    {
        TBytes moved = from == to ? line : from > to ? TLanes.ShiftRight(line, from - to) : TLanes.ShiftLeft(line, to - from);
        return TLanes.And(moved, (byte)(mask << to));
    }

    /// <summary>The byte of a number where a line holds <paramref name="columns"/> columns.</summary>
    private static int At(int row, int column, int columns) => (64 * (column / columns)) + (4 * row) + (column & 3);
}
