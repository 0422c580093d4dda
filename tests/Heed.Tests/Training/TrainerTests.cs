using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Training;

namespace Heed.Tests.Training;

public sealed class TrainerTests
{
    [Fact]
    public async Task RunAsync_OneShortText_IsLearntByHeart()
    {
        Transformer model = TinyRun.Model();
        Trainer trainer = new(model, new TinyRun.OneText(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8), TinyRun.Options with { Steps = 150, Schedule = ScheduleKind.Cosine, WarmupSteps = 5 });
        List<TrainingStep> steps = await TinyRun.RunAsync(trainer);
        steps.Count.ShouldBe(150);
        steps[0].Loss.ShouldBe(Math.Log(13), 0.05);
        steps[^1].Loss.ShouldBeLessThan(0.05);
        model.Parameters.ShouldAllBe(parameter => !parameter.Value.RequiresGradient, "a run gives its gradients back");
    }

    [Fact]
    public void Run_SmallBatches_GiveTheLargeBatchsGradient()
    {
        // Rows with no target at all are among them: a batch weighs as much as it has targets.
        float[] large = Gradients(rows: 6, accumulation: 1, out double largeLoss), small = Gradients(rows: 1, accumulation: 6, out double smallLoss);
        smallLoss.ShouldBe(largeLoss, 1e-6);
        for (int i = 0; i < large.Length; i++) small[i].ShouldBe(large[i], 1e-6f);
        large.ShouldContain(value => Math.Abs(value) > 1e-3f);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunAsync_OneThreadAndTwo_GiveTheSameBits(bool recompute)
    {
        ModelConfig config = TinyRun.Config with { HiddenSize = 128, IntermediateSize = 192, Dropout = 0.1f };
        List<float[]> results = [];
        foreach (int threads in (int[])[1, 2])
        {
            using Device device = Device.CreateCpu(threads);
            Transformer model = TinyRun.Model(config, device: device);
            await TinyRun.RunAsync(new Trainer(model, new TinyRun.Batches(16, 16), TinyRun.Options with { Steps = 5, Recompute = recompute }));
            results.Add(TinyRun.Weights(model.Parameters));
        }
        results[1].ShouldBe(results[0]);
    }

    [Fact]
    public async Task RunAsync_Recomputing_GivesTheSameBits()
    {
        List<float[]> results = [];
        foreach (bool recompute in (bool[])[false, true])
        {
            Transformer model = TinyRun.Model(TinyRun.Config with { Dropout = 0.2f });
            await TinyRun.RunAsync(new Trainer(model, new TinyRun.Batches(4), TinyRun.Options with { Recompute = recompute }));
            results.Add(TinyRun.Weights(model.Parameters));
        }
        results[1].ShouldBe(results[0]);
    }

    [Fact]
    public async Task RunAsync_Step_SaysWhatADisplayNeeds()
    {
        Transformer model = TinyRun.Model();
        TrainingOptions options = TinyRun.Options with { Steps = 4, ValidateEvery = 3, ValidationBatches = 2, SampleEvery = 2, PeakFlops = 1e9 };
        int samples = 0;
        Trainer trainer = new(model, new TinyRun.Batches(2), options, new TinyRun.Batches(2, seed: 5)) { Sample = () => $"sample {++samples}" };
        List<TrainingStep> steps = await TinyRun.RunAsync(trainer);
        steps.Select(step => step.Number).ShouldBe([1, 2, 3, 4]);
        steps.Select(step => step.ValidationLoss is not null).ShouldBe([false, false, true, true]);
        steps.Select(step => step.Sample).ShouldBe([null, "sample 1", null, "sample 2"]);
        steps.Select(step => step.Tokens).ShouldBe([16, 32, 48, 64]);
        steps.ShouldAllBe(step => step.Mfu > 0 && step.TokensPerSecond > 0 && step.GradientNorm > 0 && step.LearningRate == 1e-2 && step.Steps == 4);
        steps[3].TimeLeft.ShouldBe(TimeSpan.Zero);
        steps[2].Elapsed.ShouldBeLessThan(steps[3].Elapsed);
        trainer.Step.ShouldBe(4);
    }

    [Fact]
    public async Task RunAsync_ChosenParameters_AloneMove()
    {
        Transformer model = TinyRun.Model();
        Parameter chosen = model.Parameters.Single(parameter => parameter.Name == "blocks.1.attention.qkv.weight");
        float[] before = TinyRun.Weights(model.Parameters.Where(parameter => parameter != chosen)), own = chosen.Value.ToArray();
        await TinyRun.RunAsync(new Trainer(model, new TinyRun.Batches(2), TinyRun.Options, parameters: [chosen]));
        TinyRun.Weights(model.Parameters.Where(parameter => parameter != chosen)).ShouldBe(before);
        chosen.Value.ToArray().ShouldNotBe(own);
    }

    [Fact]
    public async Task RunAsync_ReaderThatStops_StopsTheTrainingAtThatStep()
    {
        Transformer model = TinyRun.Model();
        Trainer trainer = new(model, new TinyRun.Batches(2), TinyRun.Options with { Steps = 1000 });
        await foreach (TrainingStep step in trainer.RunAsync())
            if (step.Number == 2) break;
        trainer.Step.ShouldBe(2);
        // And goes on from there when it is asked again.
        await foreach (TrainingStep step in trainer.RunAsync())
        {
            step.Number.ShouldBe(3);
            break;
        }
    }

    [Fact]
    public async Task RunAsync_WhileRunning_Throws()
    {
        Trainer trainer = new(TinyRun.Model(), new TinyRun.Batches(2), TinyRun.Options);
        await foreach (TrainingStep step in trainer.RunAsync())
        {
            (await Should.ThrowAsync<InvalidOperationException>(() => TinyRun.RunAsync(trainer))).Message.ShouldContain("one run at a time");
            break;
        }
    }

    [Fact]
    public async Task RunAsync_WeightThatIsNoNumber_SaysWhereAndKeepsTheRest()
    {
        Transformer model = TinyRun.Model();
        Trainer trainer = new(model, new TinyRun.Batches(2), TinyRun.Options);
        List<TrainingStep> steps = [];
        TrainingDivergedException error = await Should.ThrowAsync<TrainingDivergedException>(async () =>
        {
            await foreach (TrainingStep step in trainer.RunAsync())
            {
                steps.Add(step);
                if (step.Number == 2) model.Parameters[^1].Value.AsSpan()[0] = float.NaN;
            }
        });
        steps.Count.ShouldBe(2);
        error.Step.ShouldBe(3);
        error.Loss.ShouldBe(double.NaN);
        error.Message.ShouldContain("step 3");
        error.Message.ShouldContain("There is no checkpoint yet");
        trainer.Step.ShouldBe(2);
    }

    [Fact]
    public void Constructor_BatchesThatDoNotFit_SaysBothSizes()
    {
        Should.Throw<ArgumentException>(() => new Trainer(TinyRun.Model(), new TinyRun.Batches(2, seqLen: 17), TinyRun.Options)).Message.ShouldContain("rows of 17 tokens; expected at most 16, the model's MaxSeqLen");
        Should.Throw<ArgumentException>(() => new Trainer(TinyRun.Model(TinyRun.Config with { VocabSize = 5 }), new TinyRun.Batches(2), TinyRun.Options)).Message.ShouldContain("ids below 13; expected at most 5, the model's vocabulary");
    }

    private static float[] Gradients(int rows, int accumulation, out double loss)
    {
        Transformer model = TinyRun.Model();
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        GradientPass pass = new(model, new TinyRun.Batches(rows), model.Parameters, TinyRun.Options with { GradientAccumulation = accumulation });
        using TensorScope scope = new();
        loss = pass.Run(0, scope, default).Loss;
        return [.. model.Parameters.SelectMany(parameter => parameter.Value.Gradient!.ToArray())];
    }
}
