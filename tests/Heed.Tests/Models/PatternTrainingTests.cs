using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Training;
using Heed.Training;

namespace Heed.Tests.Models;

/// <summary>Models with sparse attention and with sinks learn: gradients, documents in rows, whole runs.</summary>
public sealed class PatternTrainingTests
{
    private static readonly int[] s_tokens = [1, 4, 2, 7, 3, 8, 9, 10, 0, 5, 6, 2], s_targets = [4, 2, 7, -100, 9, 1, 10, 0, 5, 6, 1, 3];

    public static TheoryData<string> Causal => PatternModels.Causal;

    public static TheoryData<string> BothWays => PatternModels.BothWays;

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void Loss_EveryParameter_MatchesFiniteDifferences(string name)
    {
        Transformer model = MixerModels.Make(PatternModels.ConfigOf(name) with { Dropout = name is "longformer" or "bigbird-both-ways" ? 0.2f : 0 }, Device.Reference);
        Dictionary<string, double[]> exact = Gradients(model, s_tokens, s_targets, batch: 2, seed: 3);
        Random random = new(5);
        foreach (Parameter parameter in model.Parameters)
        {
            exact[parameter.Name].ShouldContain(slope => slope != 0, parameter.Name);
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

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void Loss_OnTheCpu_AgreesWithTheReferenceAndRecomputes(string name)
    {
        Dictionary<string, double[]> wide = Gradients(PatternModels.Make(name, Device.Reference), s_tokens, s_targets, batch: 2, seed: 3);
        Dictionary<string, double[]> narrow = Gradients(PatternModels.Make(name), s_tokens, s_targets, batch: 2, seed: 3);
        Dictionary<string, double[]> again = Gradients(PatternModels.Make(name), s_tokens, s_targets, batch: 2, seed: 3, recompute: true);
        foreach ((string parameter, double[] expected) in wide)
        {
            double scale = expected.Max(Math.Abs) + 1e-6;
            for (int i = 0; i < expected.Length; i++) Math.Abs(narrow[parameter][i] - expected[i]).ShouldBeLessThan(2e-4 * scale, $"{parameter}[{i}]");
            again[parameter].ShouldBe(narrow[parameter], $"{parameter}: recomputed activations give other bits");
        }
    }

    /// <summary>Documents that share a row give what they give alone, gradients too: each has global tokens of its own, and sees nothing of others.</summary>
    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void Loss_DocumentsInOneRow_AreThoseOfEachAlone(string name)
    {
        Transformer model = PatternModels.Make(name, Device.Reference);
        int[] a = [1, 4, 2, 7, 5, 11, 3], b = [3, 9, 10, 2, 8], toA = [4, 2, 7, 5, 1, 0, 6], toB = [9, 10, 8, 8, 12];
        double expected = (7 * model.Loss(a, toA).Item() + 5 * model.Loss(b, toB).Item()) / 12;
        int[] positions = [0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4], firsts = [0, 0, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7];
        model.Loss([.. a, .. b], [.. toA, .. toB], positions: positions, firstKeys: firsts).Item().ShouldBe(expected, 1e-12);
        model.Loss([.. a, 6, .. b, 6, 6, 6], [.. toA, -100, .. toB, -100, -100, -100], batch: 2, positions: [0, 1, 2, 3, 4, 5, 6, -1, 0, 1, 2, 3, 4, -1, -1, -1]).Item().ShouldBe(expected, 1e-12);
        // As batches pad: each place a document of its own, without a target.
        model.Loss([.. a, 6, .. b, 6, 6, 6], [.. toA, -100, .. toB, -100, -100, -100], batch: 2,
            positions: [0, 1, 2, 3, 4, 5, 6, 0, 0, 1, 2, 3, 4, 0, 0, 0], firstKeys: [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 5, 6, 7]).Item().ShouldBe(expected, 1e-12);
        Dictionary<string, double[]> together = Gradients(model, [.. a, .. b], [.. toA, .. toB], 1, null, positions, firsts);
        Dictionary<string, double[]> first = Gradients(model, a, toA, 1, null), second = Gradients(model, b, toB, 1, null);
        foreach ((string parameter, double[] slopes) in together)
            for (int i = 0; i < slopes.Length; i++) slopes[i].ShouldBe((7 * first[parameter][i] + 5 * second[parameter][i]) / 12, 1e-9, $"{parameter}[{i}]");
        if (model.Config.AttentionPattern != AttentionPatternKind.Full && !model.Config.Bidirectional)
            Should.Throw<ArgumentException>(() => model.Loss(a, toA, firstKeys: [0, 0, 1, 1, 1, 1, 1])).Message.ShouldContain("has the first key 1");
    }

    [Theory, MemberData(nameof(Causal))]
    public async Task Train_ARepetitiveText_LossFallsAlikeOnAnyNumberOfThreads(string name)
    {
        ModelConfig config = PatternModels.ConfigOf(name);
        float[]? expected = null;
        foreach (int threads in new[] { 1, 2 })
        {
            using Device device = Device.CreateCpu(threads);
            Trainer trainer = new(TinyRun.Model(config, device: device), new TinyRun.OneText(1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4), TinyRun.Options with { Steps = 60 });
            List<TrainingStep> steps = await TinyRun.RunAsync(trainer);
            steps[0].Loss.ShouldBe(Math.Log(13), 0.3);
            steps[^1].Loss.ShouldBeLessThan(0.5 * steps[0].Loss);
            TinyRun.Weights(trainer.Model.Parameters).ShouldBe(expected ??= TinyRun.Weights(trainer.Model.Parameters));
            if (config.AttentionSinks) trainer.Model.Blocks[0].Attention.Sinks!.ToArray().ShouldAllBe(sink => sink != 0);
        }
    }

    private static Dictionary<string, double[]> Gradients(Transformer model, int[] tokens, int[] targets, int batch, ulong? seed,
        int[]? positions = null, int[]? firstKeys = null, bool recompute = false)
    {
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        foreach (Parameter parameter in model.Parameters)
        {
            parameter.Value.RequiresGradient = true;
            parameter.Value.ClearGradient();
        }
        using (GradientTape tape = new())
            tape.Backward(model.Loss(tokens, targets, batch, positions, firstKeys, dropoutSeed: seed, recompute: recompute));
        Dictionary<string, double[]> gradients = model.Parameters.ToDictionary(
            parameter => parameter.Name,
            parameter => parameter.Value.Gradient!.To(Device.Reference).Contiguous().Span<double>(parameter.Value.ElementCount).ToArray(), StringComparer.Ordinal);
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = false;
        return gradients;
    }
}
