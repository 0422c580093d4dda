using Heed.Training.Data;

namespace Heed.Cli.Learning;

/// <summary>The sizes of batches whose text has not been read yet: enough to find out whether a model can learn from them.</summary>
internal sealed class PlannedRows(int batchSize, int seqLen, int vocabSize) : IBatchSource
{
    public int BatchSize { get; } = batchSize;

    public int SeqLen { get; } = seqLen;

    public int VocabSize { get; } = vocabSize;

    public long RowsPerEpoch => 1;

    public TrainingBatch Next(long step) => throw new NotSupportedException("PlannedRows.Next: these rows have sizes and no tokens.");
}
