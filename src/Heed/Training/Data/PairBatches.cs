namespace Heed.Training.Data;

/// <summary>Pairs of texts, each a row of its own: an encoder reads the source, a decoder learns to write the target. In each epoch every pair is seen once.</summary>
public sealed class PairBatches : IBatchSource
{
    private readonly PairDataset _pairs;
    private readonly RowOrder _order;

    /// <summary>Makes batches of pairs.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="batchSize">Rows in a batch.</param>
    /// <param name="shuffleSeed">Null gives the pairs in order, once: for evaluation.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    public PairBatches(PairDataset pairs, int batchSize, ulong? shuffleSeed)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        _pairs = pairs;
        BatchSize = batchSize;
        _order = new RowOrder(nameof(PairBatches), pairs.Count, batchSize, pairs.LongestTarget, shuffleSeed);
    }

    /// <inheritdoc/>
    public int BatchSize { get; }

    /// <inheritdoc/>
    public int SeqLen => _pairs.LongestTarget;

    /// <inheritdoc/>
    public int SourceLen => _pairs.LongestSource;

    /// <inheritdoc/>
    public int VocabSize => _pairs.VocabSize;

    /// <inheritdoc/>
    public long RowsPerEpoch => _order.Rows;

    /// <inheritdoc/>
    public string Recipe => _order.Recipe(nameof(PairBatches));

    /// <inheritdoc/>
    public TrainingBatch Next(long step) =>
        PairRows.Batch([.. _order.Of(step).Select(pair => pair is { } number ? (_pairs.Source(number), _pairs.Target(number)) : ([], []))], _pairs.StartToken);
}
