namespace Heed.Kernels;

/// <summary>What modifies the scores of attention over rows, or the gradients of it; see <see cref="ScoreModifiers"/>. Empty is none.</summary>
internal readonly ref struct ScoreSpans
{
    public MaskTiles? Tiles { get; init; }

    /// <summary>[heads, queries + keys - 1].</summary>
    public Span<float> Distances { get; init; }

    /// <summary>[BiasBatch, BiasHeads, BiasQueries, keys], the first three either whole or 1.</summary>
    public Span<float> Bias { get; init; }

    public int BiasBatch { get; init; }

    public int BiasHeads { get; init; }

    public int BiasQueries { get; init; }

    /// <summary>[heads].</summary>
    public Span<float> Sinks { get; init; }

    public int TopK { get; init; }

    /// <summary>[2, batch, heads, queries].</summary>
    public Span<float> Choice { get; init; }

    /// <summary>Over stored keys: which of them the queries see; null for all of their intervals.</summary>
    public KeyRuns? Runs { get; init; }

    /// <summary>Throws where a size is wrong; the modifiers but for their memory.</summary>
    public ScoreModifiers Describe(in AttentionShape shape)
    {
        long rows = (long)shape.Batch * shape.Heads * shape.Queries;
        Check("biases by distance", Distances.Length, shape.Heads * ((long)shape.Queries + shape.KeyCapacity - 1));
        Check("sinks", Sinks.Length, shape.Heads);
        Check("bias", Bias.Length, (long)BiasBatch * BiasHeads * BiasQueries * shape.KeyCapacity);
        if (Bias.Length > 0 && ((BiasBatch != 1 && BiasBatch != shape.Batch) || (BiasHeads != 1 && BiasHeads != shape.Heads) || (BiasQueries != 1 && BiasQueries != shape.Queries)))
        {
            throw new ArgumentException($"Attention: a bias [{BiasBatch}, {BiasHeads}, {BiasQueries}, {shape.KeyCapacity}] does not fit {shape}.");
        }

        if (TopK > 0 && Choice.Length != 2 * rows)
        {
            throw new ArgumentException($"Attention: {Choice.Length} floats for the choice; need {2 * rows}.");
        }

        long query = BiasQueries == 1 ? 0 : shape.KeyCapacity, head = (long)BiasQueries * shape.KeyCapacity;
        return new()
        {
            Tiles = Tiles,
            BiasQueryStride = query,
            BiasHeadStride = BiasHeads == 1 ? 0 : head,
            BiasBatchStride = BiasBatch == 1 ? 0 : BiasHeads * head,
            TopK = rows == 0 ? 0 : TopK,
        };
    }

    private static void Check(string what, int got, long expected)
    {
        if (got != 0 && got != expected)
        {
            throw new ArgumentException($"Attention: {got} floats of {what}; need {expected}.");
        }
    }
}
