namespace Heed.Training.Data;

/// <summary>Which row of which epoch stands where in the endless sequence of rows that batches are cut from.</summary>
internal sealed class RowOrder
{
    private readonly ulong? _seed;
    private readonly int _batchSize;
    private readonly int _seqLen;

    public RowOrder(string source, long rows, int batchSize, int seqLen, ulong? shuffleSeed)
    {
        CheckShape(source, batchSize, seqLen);
        (Rows, _batchSize, _seqLen, _seed) = (rows, batchSize, seqLen, shuffleSeed);
    }

    /// <summary>Writes one row of a batch.</summary>
    internal delegate void RowFiller(long row, long epoch, RowWriter writer);

    public long Rows { get; }

    public string Recipe(string source) => _seed is { } seed ? $"{source}, seed {seed}" : $"{source} in order";

    public static void CheckShape(string source, int batchSize, int seqLen)
    {
        if (batchSize < 1) throw new ArgumentOutOfRangeException(nameof(batchSize), batchSize, $"{source}: batchSize must be at least 1.");
        if (seqLen < 1) throw new ArgumentOutOfRangeException(nameof(seqLen), seqLen, $"{source}: seqLen must be at least 1.");
        if ((long)batchSize * seqLen > Array.MaxLength) throw new ArgumentOutOfRangeException(nameof(batchSize), batchSize, $"{source}: {batchSize} rows of {seqLen} tokens; need at most {Array.MaxLength} tokens.");
    }

    /// <summary>The batch of a step. Rows after the end of a source in order stay padding.</summary>
    public TrainingBatch Make(long step, RowFiller fill)
    {
        CheckStep(step);
        TrainingBatch batch = new(_batchSize, _seqLen);
        for (int row = 0; row < _batchSize; row++)
            if (At((step * _batchSize) + row) is { } found) fill(found.Row, found.Epoch, new RowWriter(batch, row));
        return batch;
    }

    /// <summary>The rows of a step's batch; those after the end of a source in order are null.</summary>
    public long?[] Of(long step)
    {
        CheckStep(step);
        return [.. Enumerable.Range(0, _batchSize).Select(row => At((step * _batchSize) + row)?.Row)];
    }

    private void CheckStep(long step)
    {
        long batches = _seed is null ? 1 + ((Rows - 1) / _batchSize) : (long.MaxValue / _batchSize) - 1;
        if (step < 0 || step >= batches) throw new ArgumentOutOfRangeException(nameof(step), step, $"Next: there is no batch {step}; need 0 <= step < {batches}.");
    }

    private (long Row, long Epoch)? At(long sample)
    {
        (long epoch, long place) = Math.DivRem(sample, Rows);
        if (_seed is { } seed) return (new IndexPermutation(Rows, CounterRandom.Bits(seed, (ulong)epoch))[place], epoch);
        return epoch == 0 ? (place, 0) : null;
    }
}
