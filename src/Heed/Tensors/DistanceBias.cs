namespace Heed.Tensors;

/// <summary>
/// Biases that hang on the distance between query and key, as <see cref="AttentionScores.DistanceBias"/> takes them:
/// [heads, queries + keys − 1], element keys − 1 + d for a key that stands d behind its query (d is negative for earlier keys).
/// Query i stands at position i + keys − queries.
/// </summary>
public static class DistanceBias
{
    /// <summary>
    /// ALiBi (Press et al. 2021, arXiv 2108.12409): −slope·|distance| with <see cref="AlibiSlopes"/>; under a causal mask that is
    /// −slope·(i − j).
    /// </summary>
    /// <param name="heads">The number of query heads.</param>
    /// <param name="queries">The number of queries.</param>
    /// <param name="keys">The number of keys.</param>
    /// <param name="device">The CPU if null.</param>
    /// <returns>[heads, queries + keys − 1].</returns>
    /// <exception cref="ArgumentException">heads is below 1, or another number is negative.</exception>
    public static Tensor Alibi(int heads, int queries, int keys, Device? device = null) => Alibi(AlibiSlopes.For(heads), queries, keys, device);

    /// <summary>ALiBi for heads of given slopes.</summary>
    internal static Tensor Alibi(ReadOnlySpan<float> slopes, int queries, int keys, Device? device = null)
    {
        int count = Distances(queries, keys);
        float[] values = new float[checked(slopes.Length * count)];
        for (int i = 0; i < values.Length; i++) values[i] = -slopes[i / count] * Math.Abs(i % count - (keys - 1));
        return Tensor.From(values, Shape.Of(slopes.Length, count), device ?? Device.Cpu);
    }

    /// <summary>T5's learned bias (Raffel et al. 2020, arXiv 1910.10683); its gradient goes to the table.</summary>
    /// <param name="table">[buckets, heads].</param>
    /// <param name="queries">The number of queries.</param>
    /// <param name="keys">The number of keys.</param>
    /// <param name="bidirectional">Whether later keys have buckets of their own, half of them; else all share the first.</param>
    /// <param name="maxDistance">From here on all share the last bucket.</param>
    /// <returns>[heads, queries + keys − 1].</returns>
    /// <exception cref="ArgumentException">The table or a number is out of range.</exception>
    public static Tensor T5(Tensor table, int queries, int keys, bool bidirectional, int maxDistance = 128)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.Rank != 2) TensorErrors.WrongShape("DistanceBias.T5", "table", table.Shape, "[buckets, heads]");
        int[] buckets = new int[Distances(queries, keys)];
        for (int i = 0; i < buckets.Length; i++) buckets[i] = T5Bucket(i - (keys - 1), bidirectional, table.Shape[0], maxDistance);
        return Ops.Gather(table, buckets).Transpose(0, 1).Contiguous(); // [heads, distances]
    }

    /// <summary>T5's bucket of a distance: one each for the nearest, then logarithmically wider ones.</summary>
    /// <param name="distance">Position of the key − position of the query.</param>
    /// <param name="bidirectional">Whether the upper half of the buckets is for later keys.</param>
    /// <param name="buckets">The number of buckets.</param>
    /// <param name="maxDistance">From here on all share the last bucket.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 2 buckets (4 if bidirectional), or maxDistance is not above the near ones.</exception>
    public static int T5Bucket(int distance, bool bidirectional, int buckets, int maxDistance)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(buckets, bidirectional ? 4 : 2);
        int first = 0, away = Math.Max(-distance, 0);
        if (bidirectional)
        {
            buckets /= 2;
            first = distance > 0 ? buckets : 0;
            away = Math.Abs(distance);
        }
        int near = buckets / 2;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxDistance, near);
        if (away < near) return first + away;
        // In single precision, as the published models round it.
        float share = MathF.Log((float)away / near) / (float)Math.Log((double)maxDistance / near) * (buckets - near);
        return first + Math.Min(near + (int)share, buckets - 1);
    }

    private static int Distances(int queries, int keys)
    {
        if (queries < 0 || keys < 0) TensorErrors.Argument($"DistanceBias: got {queries} queries, {keys} keys; expected 0 or more of each.");
        return Math.Max(0, checked(queries + keys) - 1);
    }
}
