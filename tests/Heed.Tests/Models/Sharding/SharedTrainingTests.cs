using Heed.Distributed;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Training;

namespace Heed.Tests.Models.Sharding;

public sealed class SharedTrainingTests
{
    public static TheoryData<string, int> Models => new() { { "llama", 1 }, { "llama", 2 }, { "llama", 4 }, { "grouped", 4 }, { "one-kv", 2 }, { "one-kv", 4 }, { "tied", 4 }, { "gpt", 2 }, { "relative", 4 }, { "encoder-grouped", 4 } };

    [Theory, MemberData(nameof(Models))]
    public void Training_TenStepsOfGradientDescent_IsThatOfOneRank(string name, int size) => Compare(name, size, Device.Cpu, CheckAlike, 1e-5);

    // In float32 AdamW divides rounding by its own size where a gradient is all but 0; in double there is room below 1e-5.
    [Theory, MemberData(nameof(Models))]
    public void Training_TenStepsOfAdamW_IsThatOfOneRank(string name, int size) => Compare(name, size, Device.Reference, _ => { }, 1e-5);

    private static void Compare(string name, int size, Device device, Action<Transformer> step, double tolerance)
    {
        Transformer whole = MixerModels.Make(SharedModels.ConfigOf(name), device);
        // Shares first: the whole model's own training changes what they are cut from.
        var parts = InProcessCommunicator.Run(size, ranks =>
        {
            Transformer model = SharedModels.Share(whole, ranks);
            double[] losses = Train(model, step);
            return (Losses: losses, Weights: model.Parameters.ToDictionary(parameter => parameter.Name, parameter => SharedModels.Whole(parameter.Value, parameter.Shard, ranks), StringComparer.Ordinal));
        });
        double[] expected = Train(whole, step);
        expected[^1].ShouldBeLessThan(0.97 * expected[0], "nothing was learned");
        using SingleCommunicator single = new();
        foreach (var part in parts)
        {
            part.Losses.ShouldBe(parts[0].Losses);
            for (int i = 0; i < expected.Length; i++) part.Losses[i].ShouldBe(expected[i], tolerance * expected[0], $"loss of step {i}");
            foreach (Parameter parameter in whole.Parameters)
            {
                double[] values = SharedModels.Whole(parameter.Value, null, single), got = part.Weights[parameter.Name];
                for (int i = 0; i < values.Length; i++)
                    Math.Abs(got[i] - values[i]).ShouldBeLessThan(tolerance * (1 + Math.Abs(values[i])), $"{parameter.Name}[{i}]: {got[i]}, expected {values[i]}");
            }
        }
    }

    /// <summary>The losses of ten steps; the gradients of each are brought down to a norm of 1.</summary>
    private static double[] Train(Transformer model, Action<Transformer> step)
    {
        SharedModels.Watch(model);
        AdamW optimizer = new(model.Parameters, new TrainingOptions { Steps = 10 });
        double[] losses = new double[10];
        int[] tokens = SharedModels.Tokens;
        for (int i = 0; i < losses.Length; i++)
        {
            using (GradientTape tape = new())
            {
                Tensor loss = model.Loss(tokens, [.. tokens[1..], -100], batch: 2, sources: SharedModels.Sources(model.Config, 2));
                losses[i] = loss.Item();
                tape.Backward(loss);
            }
            ShardedParameters.SumPartialGradients(model.Parameters);
            double scale = AdamW.ClipScale(Math.Sqrt(ShardedParameters.SquaredGradientNorm(model.Parameters)), 1);
            if (model.Device.DType == DType.Float64) optimizer.Update(1e-2, scale);
            else Move(model, 0.1 * scale);
            step(model);
        }
        return losses;
    }

    /// <summary>What several ranks have of the model stays the same on all of them, to the last bit.</summary>
    private static void CheckAlike(Transformer model)
    {
        foreach (Parameter parameter in model.Parameters)
        {
            if (parameter.Shard?.PartialGradient is not { } partial) continue;
            float[] rows = parameter.Value.Slice(0, partial.FirstRow, partial.Rows).ToArray(), all = new float[rows.Length * partial.Ranks.Size];
            partial.Ranks.AllGather<float>(rows, all);
            foreach (float[] others in all.Chunk(rows.Length)) others.ShouldBe(rows, parameter.Name);
        }
    }

    private static void Move(Transformer model, double rate)
    {
        foreach (Parameter parameter in model.Parameters)
        {
            using TensorScope scope = new();
            using TensorScope.Lease lease = scope.Enter();
            parameter.Value.Assign(parameter.Value - parameter.Value.Gradient! * rate);
            parameter.Value.ClearGradient();
        }
    }
}
