namespace Heed.Models.Checkpoints;

/// <summary>
/// The orders of query and key rows by which the two rotary layouts differ: neighbours 2i and 2i + 1 turn together in the
/// interleaved one, elements i and i + d/2 in the half-split one. Apply them with <see cref="RowOrder"/> to the rows (and
/// biases) of queries and keys.
/// </summary>
public static class RopePermutation
{
    /// <summary>Rows of interleaved heads in the order of half-split ones.</summary>
    /// <param name="heads">The number of heads.</param>
    /// <param name="headDim">The size of a head.</param>
    /// <param name="rotaryDim">How many elements of a head turn; all if 0.</param>
    /// <exception cref="ArgumentException">The rotary size is odd or larger than a head.</exception>
    public static int[] ToHalfSplit(int heads, int headDim, int rotaryDim = 0)
    {
        int rotary = rotaryDim == 0 ? headDim : rotaryDim;
        if (heads < 0 || rotary < 0 || rotary % 2 != 0 || rotary > headDim)
            throw new ArgumentException($"RopePermutation: {heads} heads of {headDim} elements, {rotary} of which turn; expected an even number up to the head's size.");
        int[] order = new int[heads * headDim];
        for (int i = 0; i < order.Length; i++)
        {
            int inHead = i % headDim, start = i - inHead;
            order[i] = start + (inHead >= rotary ? inHead : inHead < rotary / 2 ? 2 * inHead : 2 * (inHead - rotary / 2) + 1);
        }
        return order;
    }

    /// <summary>Rows of half-split heads in the order of interleaved ones; arguments as in <see cref="ToHalfSplit"/>.</summary>
    public static int[] ToInterleaved(int heads, int headDim, int rotaryDim = 0) => RowOrder.Inverse(ToHalfSplit(heads, headDim, rotaryDim));
}
