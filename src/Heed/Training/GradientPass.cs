using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Training.Data;

namespace Heed.Training;

/// <summary>The forward and backward passes of a step: its batches one after another, in memory that is used again.</summary>
internal sealed class GradientPass(Transformer model, IBatchSource source, IReadOnlyList<Parameter> parameters, TrainingOptions options)
{
    /// <summary>
    /// Leaves in the parameters the gradient of the mean loss over all targets of the step's batches: each batch weighs as
    /// much as it has targets, so several small ones make the gradient of the large one that they would be together.
    /// </summary>
    /// <param name="step">The number of the step, from 0.</param>
    /// <param name="scope">Whose memory to use.</param>
    /// <param name="cancellation">Looked at before each block; the gradients are incomplete then.</param>
    public PassResult Run(long step, TensorScope scope, CancellationToken cancellation)
    {
        TrainingBatch[] batches = new TrainingBatch[options.GradientAccumulation];
        for (int i = 0; i < batches.Length; i++) batches[i] = source.Next(step * batches.Length + i);
        foreach (Parameter parameter in parameters) parameter.Value.ClearGradient();
        long targets = batches.Sum(batch => (long)batch.TargetCount), tokens = batches.Sum(batch => (long)batch.Tokens.Length + (batch.Sources?.Tokens.Length ?? 0));
        double loss = 0;
        for (int i = 0; i < batches.Length; i++)
        {
            if (batches[i].TargetCount == 0) continue;
            double weight = (double)batches[i].TargetCount / targets;
            loss += weight * Run(batches[i], weight, CounterRandom.Key(options.Seed, (ulong)(step * batches.Length + i), 0), scope, cancellation);
        }
        return new PassResult(loss, targets, tokens);
    }

    private double Run(TrainingBatch batch, double weight, ulong dropoutSeed, TensorScope scope, CancellationToken cancellation)
    {
        using TensorScope.Lease lease = scope.Enter();
        using GradientTape tape = new();
        Tensor loss = model.Loss(batch.Tokens, batch.Targets, batch.Batch, batch.Positions, batch.FirstKeys, dropoutSeed, TrainingBatch.IgnoreIndex, options.Recompute, batch.Sources, cancellation);
        double value = loss.Item();
        // The gradient of a loss that is no number is none either: the caller will not use it.
        if (double.IsFinite(value)) tape.Backward(loss, weight == 1 ? null : Tensor.Full(loss.Shape, weight, loss.Device));
        return value;
    }
}
