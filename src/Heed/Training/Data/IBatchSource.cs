namespace Heed.Training.Data;

/// <summary>
/// Gives the batch of any step. The same source and step give the same batch, so that nothing but the step's number is needed to
/// go on where a run was stopped. May be used by several threads at once.
/// </summary>
public interface IBatchSource
{
    /// <summary>How many rows a batch has.</summary>
    int BatchSize { get; }

    /// <summary>How many tokens a row has.</summary>
    int SeqLen { get; }

    /// <summary>The most tokens of a row's source, which a model's encoder reads; 0 where rows have none.</summary>
    int SourceLen => 0;

    /// <summary>Every id is less than this.</summary>
    int VocabSize { get; }

    /// <summary>How many rows show everything once; an epoch need not be a whole number of batches.</summary>
    long RowsPerEpoch { get; }

    /// <summary>What tells this source's rows from another's of the same size and data: the kind of rows and their seed. A run is resumed with the same.</summary>
    string Recipe => GetType().Name;

    /// <summary>The batch of a step.</summary>
    /// <param name="step">From 0. A shuffled source goes on for ever, each epoch in another order.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative, or a source in order has no such batch.</exception>
    TrainingBatch Next(long step);
}
