using Heed.Models;

namespace Heed.Training.Data;

/// <summary>Makes batches of sources and targets: the decoder reads a start token and the target, and predicts the target.</summary>
internal static class PairRows
{
    /// <summary>A batch whose rows are as long as the longest target.</summary>
    /// <param name="pairs">The pairs, each target with its end; a pair of nothing is padding.</param>
    /// <param name="start">What the decoder reads first.</param>
    public static TrainingBatch Batch(IReadOnlyList<(int[] Source, int[] Target)> pairs, int start)
    {
        TrainingBatch batch = new(pairs.Count, Math.Max(1, pairs.Max(pair => pair.Target.Length))) { Sources = new SourceRows([.. pairs.Select(pair => pair.Source)]) };
        for (int row = 0; row < pairs.Count; row++)
        {
            int[] target = pairs[row].Target;
            if (target.Length == 0) continue;
            int[] inputs = [start, .. target[..^1]];
            new RowWriter(batch, row).Add(inputs, target);
        }
        return batch;
    }
}
