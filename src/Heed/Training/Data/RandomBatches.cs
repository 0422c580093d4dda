namespace Heed.Training.Data;

/// <summary>
/// Windows at random places, drawn anew for every row, whatever documents they cross: the recipe of nanoGPT. How often a token
/// is seen is left to chance.
/// </summary>
public sealed class RandomBatches : IBatchSource
{
    private readonly TokenView _view;
    private readonly ulong _seed;

    /// <summary>Makes a source of random windows.</summary>
    /// <param name="view">The tokens; more than <paramref name="seqLen"/>.</param>
    /// <param name="batchSize">Rows in a batch.</param>
    /// <param name="seqLen">Tokens in a row.</param>
    /// <param name="seed">The same seed gives the same batches.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    /// <exception cref="ArgumentException">There are too few tokens for one row and its last target.</exception>
    public RandomBatches(TokenView view, int batchSize, int seqLen, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(view);
        RowOrder.CheckShape(nameof(RandomBatches), batchSize, seqLen);
        if (view.TokenCount <= seqLen)
            throw new ArgumentException($"RandomBatches: {view.TokenCount} tokens are too few for rows of {seqLen}; need at least {seqLen + 1L}. Take shorter rows or more text.", nameof(view));
        (_view, BatchSize, SeqLen, _seed) = (view, batchSize, seqLen, seed);
    }

    /// <inheritdoc/>
    public int BatchSize { get; }

    /// <inheritdoc/>
    public int SeqLen { get; }

    /// <inheritdoc/>
    public int VocabSize => _view.VocabSize;

    /// <summary>How many rows hold as many tokens as there are; none is sure to be among them.</summary>
    public long RowsPerEpoch => 1 + ((_view.TokenCount - 1) / SeqLen);

    /// <inheritdoc/>
    public string Recipe => $"{nameof(RandomBatches)}, seed {_seed}";

    /// <inheritdoc/>
    public TrainingBatch Next(long step)
    {
        if (step < 0 || step > (long.MaxValue / BatchSize) - 1) throw new ArgumentOutOfRangeException(nameof(step), step, "Next: the step must be at least 0.");
        TrainingBatch batch = new(BatchSize, SeqLen);
        int[] tokens = new int[SeqLen + 1];
        for (int row = 0; row < BatchSize; row++)
        {
            _view.Read(CounterRandom.Below(_seed, (ulong)((step * BatchSize) + row), _view.TokenCount - SeqLen), tokens);
            new RowWriter(batch, row).Add(tokens.AsSpan(0, SeqLen), tokens[SeqLen]);
        }

        return batch;
    }
}
