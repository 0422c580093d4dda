using Heed.Distributed;
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
    public static EvaluationResult Measure(Transformer model, IBatchSource source, long batches, CancellationToken cancellation = default) =>
        Measure(model, source, batches, null, cancellation);

    /// <summary>Collective: as <see cref="Measure(Transformer, IBatchSource, long, CancellationToken)"/>, to the same bits, the batches shared out among ranks.</summary>
    /// <param name="model">The model, the same on all ranks.</param>
    /// <param name="source">The batches, the same on all ranks.</param>
    /// <param name="batches">How many.</param>
    /// <param name="ranks">The ranks; null for one.</param>
    /// <param name="cancellation">Looked at before each block; of use on one rank alone.</param>
    /// <exception cref="ArgumentException">No target counts.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static EvaluationResult Measure(Transformer model, IBatchSource source, long batches, ICommunicator? ranks, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfLessThan(batches, 1);
        (int rank, int size) = ranks is null ? (0, 1) : (ranks.Rank, ranks.Size);
        using TensorScope scope = new();
        using GradientTape.Pause pause = GradientTape.NoGrad();
        (double Sum, long Targets)[] own = new (double, long)[checked((int)((batches + size - 1) / size))], all = own;
        for (long i = rank; i < batches; i += size) own[i / size] = Measure(model, source.Next(i), scope, cancellation);
        if (size > 1)
        {
            all = new (double, long)[own.Length * size];
            ranks!.AllGather<(double, long)>(own, all);
        }
        double sum = 0;
        long targets = 0;
        for (long i = 0; i < batches; i++)
        {
            (double loss, long counted) = all[i % size * own.Length + i / size];
            sum += loss;
            targets += counted;
        }
        if (targets == 0) throw new ArgumentException($"Measure: none of the {batches} batches has a target that counts.", nameof(source));
        return new EvaluationResult(sum / targets, targets);
    }

    private static (double Sum, long Targets) Measure(Transformer model, TrainingBatch batch, TensorScope scope, CancellationToken cancellation)
    {
        int counted = batch.TargetCount;
        if (counted == 0) return default;
        using TensorScope.Lease lease = scope.Enter();
        return (model.Loss(batch.Tokens, batch.Targets, batch.Batch, batch.Positions, batch.FirstKeys, sources: batch.Sources, cancellation: cancellation).Item() * counted, counted);
    }
}
