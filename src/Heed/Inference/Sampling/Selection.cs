namespace Heed.Inference.Sampling;

/// <summary>Finds the greatest of many numbers without sorting them all (Hoare 1961).</summary>
internal static class Selection
{
    // Far more rounds than halving takes: orders that are made to be slow end in a sort.
    private const int MaxRounds = 64;

    /// <summary>Moves the <paramref name="count"/> greatest of different numbers to the front, in no order.</summary>
    public static void Greatest(Span<ulong> values, int count)
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            if (count <= 0 || count >= values.Length) return;
            (int left, int right) = Part(values);
            if (count <= right + 1) values = values[..(right + 1)];
            else if (count <= left) return; // Between the parts is the pivot alone.
            else
            {
                values = values[left..];
                count -= left;
            }
        }
        values.Sort();
        values.Reverse();
    }

    /// <summary>Moves what is greater than a pivot before what is less.</summary>
    /// <returns>Where the lesser part begins, and where the greater part has its last element.</returns>
    private static (int Left, int Right) Part(Span<ulong> values)
    {
        ulong pivot = Median(values[0], values[values.Length / 2], values[^1]);
        int left = 0, right = values.Length - 1;
        while (left <= right)
        {
            while (values[left] > pivot) left++;
            while (values[right] < pivot) right--;
            if (left > right) break;
            (values[left], values[right]) = (values[right], values[left]);
            left++;
            right--;
        }
        return (left, right);
    }

    private static ulong Median(ulong a, ulong b, ulong c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
