using Heed.Distributed;
using Heed.Models;
using Heed.Tensors;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Tests.Training.Ranks;

/// <summary>The same training on any number of ranks, which are threads.</summary>
internal static class RankRun
{
    /// <summary>Small buckets, so that there are several; a rate at which Adam's division by small roots does not blow up rounding.</summary>
    public static readonly TrainingOptions Options = TinyRun.Options with { Steps = 10, LearningRate = 1e-3, BucketBytes = 2000 };

    /// <summary>Runs on each rank a trainer of its own and returns what came out on each.</summary>
    public static RankResult[] Train(int ranks, TrainingOptions options, ModelConfig? config = null, Func<IBatchSource>? batches = null, IBatchSource? validation = null,
        Func<int, TrainingFolder?>? folder = null, bool resume = false, Action<TrainingStep, int>? seen = null) =>
        InProcessCommunicator.Run(ranks, world =>
        {
            using Device device = Device.CreateCpu(1);
            Transformer model = TinyRun.Model(config, device: device);
            Trainer trainer = new(model, batches?.Invoke() ?? new TinyRun.Batches(8), options, validation, grid: new ProcessGrid(world)) { Folder = folder?.Invoke(world.Rank) };
            if (resume) trainer.Resume().ShouldBeTrue();
            List<TrainingStep> steps = Steps(trainer, step => seen?.Invoke(step, world.Rank));
            return new RankResult(steps, TinyRun.Weights(model.Parameters), trainer.Optimizer.MomentBytes);
        });

    public static List<TrainingStep> Steps(Trainer trainer, Action<TrainingStep>? seen = null, CancellationToken cancellation = default)
    {
        return Collect().GetAwaiter().GetResult();

        async Task<List<TrainingStep>> Collect()
        {
            List<TrainingStep> steps = [];
            await foreach (TrainingStep step in trainer.RunAsync(cancellation).ConfigureAwait(false))
            {
                steps.Add(step);
                seen?.Invoke(step);
            }
            return steps;
        }
    }

    public static void ShouldBeClose(float[] found, float[] expected, float tolerance = 1e-5f)
    {
        found.Length.ShouldBe(expected.Length);
        float greatest = found.Zip(expected, (a, b) => Math.Abs(a - b)).Max();
        greatest.ShouldBeLessThan(tolerance);
    }

    public static void ShouldBeTheSame(float[] found, float[] expected) =>
        found.Select(BitConverter.SingleToInt32Bits).ShouldBe(expected.Select(BitConverter.SingleToInt32Bits));
}
