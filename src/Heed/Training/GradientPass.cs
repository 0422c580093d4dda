using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Training.Data;
using Heed.Training.Ranks;

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
    /// <param name="exchange">With whom the batches are shared, and how the gradients are added up; null for alone.</param>
    public PassResult Run(long step, TensorScope scope, CancellationToken cancellation, GradientExchange? exchange = null)
    {
        TrainingBatch[] batches = new TrainingBatch[options.GradientAccumulation];
        for (int i = 0; i < batches.Length; i++) batches[i] = source.Next(step * batches.Length + i);
        foreach (Parameter parameter in parameters) parameter.Value.ClearGradient();
        long targets = batches.Sum(batch => (long)batch.TargetCount), tokens = batches.Sum(batch => (long)batch.Tokens.Length + (batch.Sources?.Tokens.Length ?? 0));
        double loss;
        if (exchange is null)
        {
            loss = Run(batches, 0, 1, targets, step, scope, cancellation);
            ShardedParameters.SumPartialGradients(parameters);
            return new PassResult(loss, targets, tokens);
        }
        exchange.Begin();
        double[] losses = new double[exchange.OwnParts];
        for (int i = 0; i < losses.Length; i++)
        {
            losses[i] = Run(batches, exchange.FirstPart + i, exchange.Parts, targets, step, scope, cancellation, exchange);
            exchange.EndPart();
        }
        return new PassResult(exchange.Finish(losses), targets, tokens);
    }

    /// <summary>The passes over one of the equal parts into which each batch's rows are cut.</summary>
    private double Run(TrainingBatch[] batches, int part, int parts, long targets, long step, TensorScope scope, CancellationToken cancellation, GradientExchange? exchange = null)
    {
        double loss = 0;
        for (int i = 0; i < batches.Length; i++)
        {
            int first = (int)((long)batches[i].Batch * part / parts), end = (int)((long)batches[i].Batch * (part + 1) / parts);
            TrainingBatch batch = parts == 1 ? batches[i] : batches[i].Slice(first, end - first);
            if (batch.TargetCount == 0) continue;
            if (i == batches.Length - 1) exchange?.BeginLastPass();
            double weight = (double)batch.TargetCount / targets;
            loss += weight * Run(batch, first, weight, CounterRandom.Key(options.Seed, (ulong)(step * batches.Length + i), 0), scope, cancellation);
        }
        return loss;
    }

    private double Run(TrainingBatch batch, int firstRow, double weight, ulong dropoutSeed, TensorScope scope, CancellationToken cancellation)
    {
        using TensorScope.Lease lease = scope.Enter();
        using GradientTape tape = new();
        Tensor loss = model.Loss(batch.Tokens, batch.Targets, batch.Batch, batch.Positions, batch.FirstKeys, dropoutSeed, TrainingBatch.IgnoreIndex, options.Recompute, batch.Sources, firstRow, cancellation);
        double value = loss.Item();
        // The gradient of a loss that is no number is none either: the caller will not use it.
        if (double.IsFinite(value)) tape.Backward(loss, weight == 1 ? null : Tensor.Full(loss.Shape, weight, loss.Device));
        return value;
    }
}
