using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;
using Heed.Tests.Training;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Tests.Models;

/// <summary>Models whose blocks have another mixer than attention learn: gradients, documents in rows, whole runs.</summary>
public sealed class MixerTrainingTests : IDisposable
{
    private static readonly int[] s_tokens = [1, 4, 2, 7, 3, 9, 10, 0, 5, 6], s_targets = [4, 2, 7, -100, 9, 10, 0, 5, 6, 1];
    private readonly TempFolder _temp = new();

    public static TheoryData<string> Causal => MixerModels.Causal;

    public void Dispose() => _temp.Dispose();

    [Theory, MemberData(nameof(Causal))]
    public void Loss_EveryParameter_MatchesFiniteDifferences(string name)
    {
        Transformer model = MixerModels.Make(MixerModels.ConfigOf(name) with { Dropout = name == "mamba" ? 0.2f : 0 }, Device.Reference);
        Dictionary<string, double[]> exact = Gradients(model, s_tokens, s_targets, recompute: false);
        // What comes before a choice has the gradient of soft attention, which is not that of the choice.
        bool isHard = name is "hard" or "chunks";
        Random random = new(5);
        foreach (Parameter parameter in model.Parameters)
        {
            exact[parameter.Name].ShouldContain(slope => slope != 0, parameter.Name);
            if (isHard && !IsAfterTheLastChoice(parameter.Name)) continue;
            for (int probe = 0; probe < 3; probe++)
            {
                Span<double> values = parameter.Value.Span<double>(parameter.Value.ElementCount);
                int i = random.Next(values.Length);
                double kept = values[i], step = 1e-5;
                values[i] = kept + step;
                double above = model.Loss(s_tokens, s_targets, batch: 2, dropoutSeed: 3).Item();
                values[i] = kept - step;
                double slope = (above - model.Loss(s_tokens, s_targets, batch: 2, dropoutSeed: 3).Item()) / (2 * step);
                values[i] = kept;
                Math.Abs(exact[parameter.Name][i] - slope).ShouldBeLessThan(1e-6 * (1 + Math.Abs(slope)), $"{parameter.Name}[{i}]");
            }
        }
    }

    [Theory, MemberData(nameof(Causal))]
    public void Loss_OnTheCpu_AgreesWithTheReferenceAndRecomputes(string name)
    {
        Dictionary<string, double[]> wide = Gradients(MixerModels.Make(name, Device.Reference), s_tokens, s_targets, recompute: false);
        Dictionary<string, double[]> narrow = Gradients(MixerModels.Make(name), s_tokens, s_targets, recompute: false);
        Dictionary<string, double[]> again = Gradients(MixerModels.Make(name), s_tokens, s_targets, recompute: true);
        foreach ((string parameter, double[] expected) in wide)
        {
            double scale = expected.Max(Math.Abs) + 1e-6;
            for (int i = 0; i < expected.Length; i++) Math.Abs(narrow[parameter][i] - expected[i]).ShouldBeLessThan(2e-4 * scale, $"{parameter}[{i}]");
            again[parameter].ShouldBe(narrow[parameter], $"{parameter}: recomputed activations give other bits");
        }
    }

    /// <summary>Documents that share a row give what they give alone; so do those beside padding of both kinds.</summary>
    [Theory, MemberData(nameof(Causal))]
    public void Loss_DocumentsInOneRow_AreThoseOfEachAlone(string name)
    {
        Transformer model = MixerModels.Make(MixerModels.ConfigOf(name), Device.Reference);
        int[] a = [1, 4, 2, 7], b = [3, 9, 10], toA = [4, 2, 7, 5], toB = [9, 10, 8];
        double expected = (4 * model.Loss(a, toA).Item() + 3 * model.Loss(b, toB).Item()) / 7;
        model.Loss([.. a, .. b], [.. toA, .. toB], positions: [0, 1, 2, 3, 0, 1, 2], firstKeys: [0, 0, 0, 0, 4, 4, 4]).Item().ShouldBe(expected, 1e-12);
        model.Loss([.. a, .. b, 6], [.. toA, .. toB, -100], batch: 2, positions: [0, 1, 2, 3, 0, 1, 2, -1]).Item().ShouldBe(expected, 1e-12);
        // As batches pad: each place a document of its own, without a target.
        model.Loss([.. a, 6, 6, .. b, 6, 6, 6], [.. toA, -100, -100, .. toB, -100, -100, -100], batch: 2,
            positions: [0, 1, 2, 3, 0, 0, 0, 1, 2, 0, 0, 0], firstKeys: [0, 0, 0, 0, 4, 5, 0, 0, 0, 3, 4, 5]).Item().ShouldBe(expected, 1e-12);
        Should.Throw<ArgumentException>(() => model.Loss(a, toA, firstKeys: [0, 0, 1, 1])).Message.ShouldContain("has the first key 1; expected 2");
    }

    [Theory, MemberData(nameof(Causal))]
    public void Loss_DocumentsInRows_PassTheirGradientsOn(string name)
    {
        Transformer model = MixerModels.Make(MixerModels.ConfigOf(name), Device.Reference);
        int[] tokens = [1, 4, 2, 7, 3, 9, 10, 0, 5, 6], targets = [4, 2, 8, 3, 9, 11, 5, 6, 1, -100];
        int[] positions = [0, 1, 2, 0, 1, 0, 1, 2, 0, -1], firsts = [0, 0, 0, 3, 3, 0, 0, 0, 3, 4];
        Dictionary<string, double[]> together = Gradients(model, tokens, targets, recompute: true, positions, firsts);
        Dictionary<string, double[]> sum = [];
        foreach ((int start, int count) in new[] { (0, 3), (3, 2), (5, 3), (8, 1) })
        {
            int[] own = targets[start..(start + count)];
            int counted = own.Count(target => target >= 0);
            foreach ((string parameter, double[] slopes) in Gradients(model, tokens[start..(start + count)], own, recompute: false, batch: 1))
                sum[parameter] = [.. slopes.Zip(sum.GetValueOrDefault(parameter) ?? new double[slopes.Length], (slope, before) => before + slope * counted / 9)];
        }
        foreach ((string parameter, double[] expected) in sum)
            for (int i = 0; i < expected.Length; i++) together[parameter][i].ShouldBe(expected[i], 1e-9, $"{parameter}[{i}]");
    }

    [Theory, MemberData(nameof(Causal))]
    public async Task Train_ARepetitiveText_LossFalls(string name)
    {
        ModelConfig config = MixerModels.ConfigOf(name);
        Trainer trainer = new(TinyRun.Model(config), new TinyRun.OneText(1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4), TinyRun.Options with { Steps = 60 });
        List<TrainingStep> steps = await TinyRun.RunAsync(trainer);
        steps[0].Loss.ShouldBe(Math.Log(13), 0.3);
        steps[^1].Loss.ShouldBeLessThan(0.5 * steps[0].Loss);
        config.ParameterCount().ShouldBe(trainer.Model.Parameters.Sum(parameter => (long)parameter.Value.ElementCount));
    }

    [Theory, MemberData(nameof(Causal))]
    public async Task Train_ResumedAndOnAnyNumberOfThreads_GivesTheSameBits(string name)
    {
        ModelConfig config = MixerModels.ConfigOf(name) with { Dropout = 0.1f };
        TrainingOptions options = TinyRun.Options with { Steps = 4, CheckpointEvery = 2 };
        float[]? expected = null;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using Device device = Device.CreateCpu(threads);
            Trainer straight = new(TinyRun.Model(config, device: device), new Documents(), options);
            await TinyRun.RunAsync(straight);
            TinyRun.Weights(straight.Model.Parameters).ShouldBe(expected ??= TinyRun.Weights(straight.Model.Parameters), $"{threads} threads");
        }
        Trainer first = new(TinyRun.Model(config), new Documents(), options) { Folder = new TrainingFolder(_temp.File("run")) };
        await foreach (TrainingStep step in first.RunAsync())
            if (step.Number == 2) break;
        Trainer second = new(TinyRun.Model(config, seed: 99), new Documents(), options) { Folder = new TrainingFolder(_temp.File("run")) };
        second.Resume().ShouldBeTrue();
        await TinyRun.RunAsync(second);
        TinyRun.Weights(second.Model.Parameters).ShouldBe(expected);
    }

    private static bool IsAfterTheLastChoice(string name) =>
        name is "norm.weight" or "output.weight" || (name.StartsWith("blocks.1.", StringComparison.Ordinal) && (name.Contains("feed_forward", StringComparison.Ordinal) || name.Contains("mixer.output", StringComparison.Ordinal)));

    private static Dictionary<string, double[]> Gradients(Transformer model, int[] tokens, int[] targets, bool recompute, int[]? positions = null, int[]? firstKeys = null, int batch = 2)
    {
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        foreach (Parameter parameter in model.Parameters)
        {
            parameter.Value.RequiresGradient = true;
            parameter.Value.ClearGradient();
        }
        // Documents are compared with themselves alone, where sampled choices would be others.
        ulong? seed = positions is null && batch == 2 ? 3 : null;
        using (GradientTape tape = new())
            tape.Backward(model.Loss(tokens, targets, batch, positions, firstKeys, dropoutSeed: seed, recompute: recompute));
        Dictionary<string, double[]> gradients = model.Parameters.ToDictionary(
            parameter => parameter.Name,
            parameter => parameter.Value.Gradient!.To(Device.Reference).Contiguous().Span<double>(parameter.Value.ElementCount).ToArray(), StringComparer.Ordinal);
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = false;
        return gradients;
    }

    /// <summary>Two rows of eight: two documents and a row with padding at its end.</summary>
    private sealed class Documents : IBatchSource
    {
        public int BatchSize => 2;

        public int SeqLen => 8;

        public int VocabSize => 13;

        public long RowsPerEpoch => 2;

        public TrainingBatch Next(long step)
        {
            TrainingBatch batch = new(2, 8);
            Fill(batch, 0, 5, step);
            Fill(batch, 5, 3, step + 1);
            Fill(batch, 8, 6, step + 2);
            return batch;
        }

        private static void Fill(TrainingBatch batch, int start, int count, long step)
        {
            for (int i = 0; i < count; i++)
            {
                batch.Tokens[start + i] = (int)((step + i * 5) % 13);
                batch.Targets[start + i] = (int)((step + i * 5 + 5) % 13);
                batch.Positions[start + i] = i;
                batch.FirstKeys[start + i] = start % 8;
            }
        }
    }
}
