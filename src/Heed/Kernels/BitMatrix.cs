using System.Diagnostics;

namespace Heed.Kernels;

/// <summary>Square matrices of 64 × 64 bits, a word a row.</summary>
internal static class BitMatrix
{
    /// <summary>Bit i of word j of <paramref name="destination"/> becomes bit j of word i of <paramref name="rows"/> (Hacker's Delight, 7-3).</summary>
    public static void Transpose(ReadOnlySpan<ulong> rows, Span<ulong> destination)
    {
        Debug.Assert(rows.Length == 64 && destination.Length == 64);
        rows.CopyTo(destination);
        ulong mask = 0x0000_0000_FFFF_FFFF;
        for (int half = 32; half != 0; half >>= 1, mask ^= mask << half)
        {
            for (int i = 0; i < 64; i = (i + half + 1) & ~half)
            {
                // The upper right quarter changes places with the lower left one.
                ulong swap = ((destination[i] >> half) ^ destination[i + half]) & mask;
                destination[i] ^= swap << half;
                destination[i + half] ^= swap;
            }
        }
    }
}
