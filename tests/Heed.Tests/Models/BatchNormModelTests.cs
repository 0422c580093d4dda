using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Training;
using Heed.Training;

namespace Heed.Tests.Models;

/// <summary>Models with BatchNorm: the statistics of the batch in training, running ones otherwise, kept in checkpoints.</summary>
public sealed class BatchNormModelTests : IDisposable
{
    private static readonly ModelConfig s_config = TinyRun.Config with { Norm = NormKind.Batch, QkNorm = true, Dropout = 0.1f };

    private readonly string _folder = Directory.CreateTempSubdirectory("heed-batch-norm").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Row23_Buffers_OfAFreshModel_AreZerosAndOnesAndNoParameters()
    {
        Transformer model = TinyRun.Model(s_config);
        model.Buffers.Count.ShouldBe(2 * (2 * 4 + 1));
        foreach (Parameter buffer in model.Buffers)
            buffer.Value.ToArray().ShouldAllBe(value => value == (buffer.Name.EndsWith("running_mean", StringComparison.Ordinal) ? 0 : 1));
        model.Parameters.Select(parameter => parameter.Name).Intersect(model.Buffers.Select(buffer => buffer.Name)).ShouldBeEmpty();
        model.Config.ParameterCount().ShouldBe(model.Parameters.Sum(parameter => (long)parameter.Value.ElementCount));
        TinyRun.Model().Buffers.ShouldBeEmpty();
    }

    [Fact]
    public void Loss_TrainingStep_MovesTheStatisticsOnceAlsoWhenItRecomputes()
    {
        (float[] kept, float[] keptGradients) = Step(recompute: false);
        (float[] again, float[] againGradients) = Step(recompute: true);
        kept.ShouldBe(again);
        keptGradients.ShouldBe(againGradients);
        kept.ShouldNotBe(TinyRun.Weights(TinyRun.Model(s_config).Buffers));
    }

    [Fact]
    public void Loss_Evaluation_UsesRunningStatisticsAndLeavesThem()
    {
        Transformer model = TinyRun.Model(s_config);
        int[] tokens = [1, 4, 2, 7, 3, 9], targets = [4, 2, 7, 3, 9, 10];
        double fresh = model.Loss(tokens, targets).Item();
        for (int i = 0; i < 5; i++) Train(model, recompute: false);
        float[] before = TinyRun.Weights(model.Buffers);
        double loss = model.Loss(tokens, targets).Item();
        loss.ShouldNotBe(fresh);
        loss.ShouldBe(Ops.CrossEntropy(model.Forward(tokens, rows: LogitRows.All), targets).Item(), 1e-5);
        TinyRun.Weights(model.Buffers).ShouldBe(before);
    }

    [Fact]
    public void Forward_CachedOneByOne_EqualsTheFullForward()
    {
        Transformer model = TinyRun.Model(s_config);
        for (int i = 0; i < 3; i++) Train(model, recompute: false);
        int[] tokens = [1, 4, 2, 7, 3, 9, 10];
        float[] full = model.Forward(tokens, rows: LogitRows.All).ToArray();
        using KvCache cache = model.CreateCache();
        for (int i = 0; i < tokens.Length; i++)
            model.Forward(tokens.AsSpan(i, 1), cache).ToArray().ShouldBe(full.AsSpan(i * 13, 13).ToArray(), $"step {i}");
    }

    [Fact]
    public async Task Resume_AfterHalfOfTheSteps_RestoresTheStatistics()
    {
        Transformer whole = TinyRun.Model(s_config);
        await TinyRun.RunAsync(new Trainer(whole, new TinyRun.Batches(3), TinyRun.Options));
        TrainingOptions options = TinyRun.Options with { CheckpointEvery = 3 };
        Transformer begun = TinyRun.Model(s_config), rest = TinyRun.Model(s_config, seed: 99);
        await foreach (TrainingStep step in new Trainer(begun, new TinyRun.Batches(3), options) { Folder = TrainingFolder.For(_folder, begun) }.RunAsync())
            if (step.Number == 3) break;
        Trainer second = new(rest, new TinyRun.Batches(3), options) { Folder = TrainingFolder.For(_folder, rest) };
        second.Resume().ShouldBeTrue();
        await TinyRun.RunAsync(second);
        TinyRun.Weights(rest.Parameters).ShouldBe(TinyRun.Weights(whole.Parameters));
        TinyRun.Weights(rest.Buffers).ShouldBe(TinyRun.Weights(whole.Buffers));
        using Checkpoint saved = Checkpoint.Open(_folder);
        Transformer loaded = new(saved.Config, saved.Weights(form: WeightForm.Dense));
        TinyRun.Weights(loaded.Parameters).ShouldBe(TinyRun.Weights(whole.Parameters));
        TinyRun.Weights(loaded.Buffers).ShouldBe(TinyRun.Weights(whole.Buffers));
    }

    [Fact]
    public void CopiesAndExports_KeepTheStatisticsOrSayNo()
    {
        Transformer model = TinyRun.Model(s_config);
        Train(model, recompute: false);
        Transformer copy = new(s_config, new ModelWeights(model));
        TinyRun.Weights(copy.Buffers).ShouldBe(TinyRun.Weights(model.Buffers));
        int[] tokens = [1, 2, 3];
        copy.Forward(tokens).ToArray().ShouldBe(model.Forward(tokens).ToArray());
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.CheckExportable(s_config)).Message.ShouldContain("Batch norms");
        Should.Throw<NotSupportedException>(() => new PeftNames(s_config)).Message.ShouldContain("running statistics");
    }

    private static (float[] Buffers, float[] Gradients) Step(bool recompute)
    {
        Transformer model = TinyRun.Model(s_config);
        float[] gradients = Train(model, recompute);
        return (TinyRun.Weights(model.Buffers), gradients);
    }

    private static float[] Train(Transformer model, bool recompute)
    {
        int[] tokens = [1, 4, 2, 7, 3, 9, 10, 0], targets = [4, 2, 7, 3, 9, 10, 0, 5];
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        using (GradientTape tape = new()) tape.Backward(model.Loss(tokens, targets, batch: 2, dropoutSeed: 3, recompute: recompute));
        float[] gradients = [.. model.Parameters.SelectMany(parameter => parameter.Value.Gradient!.ToArray())];
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = false;
        return gradients;
    }
}
