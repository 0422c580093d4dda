using Heed.Models;
using Heed.Tensors;
using Heed.Training.Data;

namespace Heed.Training;

/// <summary>Measures a model on batches that it does not learn from.</summary>
public static class Evaluation
{
    /// <summary>The mean loss over the targets of batches 0 to <paramref name="batches"/> − 1, every target with the same weight, without dropout.</summary>
    /// <param name="model">The model; nothing of it changes.</param>
    /// <param name="source">The batches.</param>
    /// <param name="batches">How many.</param>
    /// <param name="cancellation">Looked at before each block.</param>
    /// <exception cref="ArgumentException">No target counts.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static EvaluationResult Measure(Transformer model, IBatchSource source, long batches, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfLessThan(batches, 1);
        using TensorScope scope = new();
        using GradientTape.Pause pause = GradientTape.NoGrad();
        double sum = 0;
        long targets = 0;
        for (long i = 0; i < batches; i++)
        {
            TrainingBatch batch = source.Next(i);
            int counted = batch.TargetCount;
            if (counted == 0) continue;
            using TensorScope.Lease lease = scope.Enter();
            sum += model.Loss(batch.Tokens, batch.Targets, batch.Batch, batch.Positions, batch.FirstKeys, sources: batch.Sources, cancellation: cancellation).Item() * counted;
            targets += counted;
        }
        if (targets == 0) throw new ArgumentException($"Measure: none of the {batches} batches has a target that counts.", nameof(source));
        return new EvaluationResult(sum / targets, targets);
    }
}
