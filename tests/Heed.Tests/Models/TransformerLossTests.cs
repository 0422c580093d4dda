using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Models;

public sealed class TransformerLossTests
{
    private static readonly ModelConfig s_llama = new()
    {
        HiddenSize = 16,
        NumLayers = 2,
        NumHeads = 4,
        NumKvHeads = 2,
        IntermediateSize = 24,
        VocabSize = 11,
        MaxSeqLen = 32,
    };

    private static readonly ModelConfig s_gpt = s_llama with
    {
        NumKvHeads = null,
        Norm = NormKind.Layer,
        Positions = PositionKind.Learned,
        Activation = Activation.GeluTanh,
        GatedFeedForward = false,
        QkvBias = true,
        AttentionOutputBias = true,
        FeedForwardBias = true,
        TieEmbeddings = true,
    };

    public static TheoryData<string> Configs => ["llama", "gpt", "tied", "qk-norm", "post-norms", "window", "dropout", "ntk", "yarn", "llama3", "linear", "both-ways", "both-ways-window", "both-ways-relative"];

    [Theory]
    [MemberData(nameof(Configs))]
    public void Loss_EveryParameter_MatchesFiniteDifferences(string name)
    {
        Transformer model = Random(ConfigOf(name), Device.Reference);
        int[] tokens = [1, 4, 2, 7, 3, 9, 10, 0, 5, 6], targets = [4, 2, 7, -100, 9, 10, 0, 5, 6, 1];
        Dictionary<string, double[]> exact = Gradients(model, tokens, targets, recompute: false);
        Random random = new(5);
        foreach (Parameter parameter in model.Parameters)
            for (int probe = 0; probe < 4; probe++)
            {
                Span<double> values = parameter.Value.Span<double>(parameter.Value.ElementCount);
                int i = random.Next(values.Length);
                double kept = values[i], step = 1e-5;
                values[i] = kept + step;
                double above = model.Loss(tokens, targets, batch: 2, dropoutSeed: 3).Item();
                values[i] = kept - step;
                double slope = (above - model.Loss(tokens, targets, batch: 2, dropoutSeed: 3).Item()) / (2 * step);
                values[i] = kept;
                Math.Abs(exact[parameter.Name][i] - slope).ShouldBeLessThan(1e-6 * (1 + Math.Abs(slope)), $"{parameter.Name}[{i}]");
            }
    }

    [Theory]
    [MemberData(nameof(Configs))]
    public void Loss_OnTheCpu_AgreesWithTheReferenceAndRecomputes(string name)
    {
        int[] tokens = [1, 4, 2, 7, 3, 9, 10, 0, 5, 6], targets = [4, 2, 7, -100, 9, 10, 0, 5, 6, 1];
        Dictionary<string, double[]> wide = Gradients(Random(ConfigOf(name), Device.Reference), tokens, targets, recompute: false);
        Dictionary<string, double[]> narrow = Gradients(Random(ConfigOf(name), Device.Cpu), tokens, targets, recompute: false);
        Dictionary<string, double[]> again = Gradients(Random(ConfigOf(name), Device.Cpu), tokens, targets, recompute: true);
        foreach ((string parameter, double[] expected) in wide)
        {
            double scale = expected.Max(Math.Abs) + 1e-6;
            for (int i = 0; i < expected.Length; i++) Math.Abs(narrow[parameter][i] - expected[i]).ShouldBeLessThan(1e-4 * scale, $"{parameter}[{i}]");
            again[parameter].ShouldBe(narrow[parameter], $"{parameter}: recomputed activations give other bits");
        }
    }

    [Fact]
    public void Loss_WithoutTape_EqualsCrossEntropyOfTheForwardPass()
    {
        Transformer model = Random(s_llama, Device.Cpu);
        int[] tokens = [1, 4, 2, 7, 3], targets = [4, 2, 7, 3, 9];
        double loss = model.Loss(tokens, targets).Item(), expected = Ops.CrossEntropy(model.Forward(tokens, rows: LogitRows.All), targets).Item();
        loss.ShouldBe(expected, 1e-6);
    }

    [Fact]
    public void D1_Loss_IsTheMeanOverNextTokensAndForwardGivesTheLastPositionsLogits()
    {
        Transformer model = Random(s_llama, Device.Cpu);
        int[] text = [1, 4, 2, 7, 3];
        float[] all = model.Forward(text.AsSpan(0, 4), rows: LogitRows.All).ToArray(), last = model.Forward(text.AsSpan(0, 4)).ToArray();
        last.ShouldBe(all[^s_llama.VocabSize..]);
        double sum = 0;
        for (int i = 0; i < 4; i++)
        {
            double[] row = [.. all.AsSpan(i * s_llama.VocabSize, s_llama.VocabSize).ToArray().Select(value => (double)value)];
            sum += Math.Log(row.Sum(Math.Exp)) - row[text[i + 1]];
        }
        model.Loss(text.AsSpan(0, 4), text.AsSpan(1)).Item().ShouldBe(sum / 4, 1e-5);
    }

    [Fact]
    public void D2_ModelConfig_DefaultsAreLlama2Of7B()
    {
        ModelConfig config = new();
        (config.HiddenSize, config.NumLayers, config.NumHeads, config.KvHeads, config.VocabSize, config.MultipleOf, config.MaxSeqLen).ShouldBe((4096, 32, 32, 32, 32000, 256, 2048));
        (config.FeedForwardSize, config.HeadSize, config.NormEpsilon, config.Dropout, config.TieEmbeddings).ShouldBe((11008, 128, 1e-5f, 0f, false));
        config.ParameterCount().ShouldBe(6_738_415_616);
    }

    [Fact]
    public void Forward_UnderATape_RecordsTheLogits()
    {
        Transformer model = Random(s_llama, Device.Cpu);
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        using GradientTape tape = new();
        Tensor logits = model.Forward([1, 2, 3], rows: LogitRows.All);
        tape.Backward(Ops.CrossEntropy(logits, [2, 3, 4]));
        model.Parameters.ShouldAllBe(parameter => parameter.Value.Gradient != null);
        using KvCache cache = model.CreateCache();
        using GradientTape other = new();
        Should.Throw<InvalidOperationException>(() => model.Forward([1], cache)).Message.ShouldContain("cache");
    }

    [Fact]
    public void Row12_PaddedBatch_HasTheGradientsOfItsRows()
    {
        Transformer model = Random(s_llama, Device.Reference);
        int[] tokens = [0, 0, 1, 4, 2, 7, 3, 9, 10, 0], targets = [-100, -100, 4, 2, 7, 3, 9, 10, -100, -100], positions = [-1, -1, 0, 1, 2, 0, 1, 2, -1, -1];
        Dictionary<string, double[]> padded = Gradients(model, tokens, targets, recompute: false, positions);
        Dictionary<string, double[]> single = Gradients(model, [1, 4, 2, 7, 3, 9], [4, 2, 7, 3, 9, 10], recompute: false);
        foreach ((string name, double[] expected) in single)
            for (int i = 0; i < expected.Length; i++) padded[name][i].ShouldBe(expected[i], 1e-12, $"{name}[{i}]");
    }

    [Fact]
    public void Row40_PackedDocuments_HaveTheGradientsOfSeparateOnes()
    {
        Transformer model = Random(s_llama, Device.Reference);
        int[] tokens = [1, 4, 2, 7, 3, 9, 10], targets = [4, 2, -100, 3, 9, 10, 5];
        Dictionary<string, double[]> packed = Gradients(model, tokens, targets, recompute: false, [0, 1, 2, 0, 1, 2, 3], batch: 1, firstKeys: [0, 0, 0, 3, 3, 3, 3]);
        // The same two documents in rows of their own, the shorter one padded.
        Dictionary<string, double[]> apart = Gradients(model, [1, 4, 2, 0, 7, 3, 9, 10], [4, 2, -100, -100, 3, 9, 10, 5], recompute: false, [0, 1, 2, -1, 0, 1, 2, 3]);
        foreach ((string name, double[] expected) in apart)
            for (int i = 0; i < expected.Length; i++) packed[name][i].ShouldBe(expected[i], 1e-12, $"{name}[{i}]");
    }

    [Fact]
    public void Row23And52_FreshModel_GivesEveryLayerAGradientAtStepOne()
    {
        Transformer model = new(s_llama, new RandomWeights(1, s_llama.NumLayers));
        foreach ((string name, double[] gradient) in Gradients(model, [1, 4, 2, 7], [4, 2, 7, 3], recompute: false))
            gradient.ShouldContain(value => Math.Abs(value) > 1e-8, name);
    }

    [Fact]
    public void Loss_WrongSizes_SaysWhatIsWrong()
    {
        Transformer model = Random(s_llama, Device.Cpu);
        Should.Throw<ArgumentException>(() => model.Loss([1, 2], [1])).Message.ShouldContain("1 targets for 2 tokens; expected 2");
        Should.Throw<ArgumentException>(() => model.Loss([1, 2], [1, 2], firstKeys: [0, 2])).Message.ShouldContain("first key");
        Should.Throw<ArgumentException>(() => model.Loss([1, 2, 3], [1, 2, 3], positions: [0, -1, 1])).Message.ShouldContain("padding between tokens");
        Should.Throw<ArgumentOutOfRangeException>(() => model.Loss([1, 2], [1, 99])).Message.ShouldContain("99");
        Should.Throw<ArgumentOutOfRangeException>(() => model.Loss([1, 2], [1, 2], positions: [31, 32])).Message.ShouldContain("got position 32; expected −1 for padding, or 0 to 31");
        Should.Throw<ArgumentException>(() => model.Loss([1, 2], [1, 2], firstKeys: [0])).Message.ShouldContain("1 first keys for 2 tokens; expected 2, or none");
        Should.Throw<ArgumentException>(() => model.Forward([1, 2], positions: [0])).Message.ShouldContain("1 positions for 2 tokens; expected 2, or none");
    }

    private static ModelConfig ConfigOf(string name) => name switch
    {
        "gpt" => s_gpt,
        "tied" => s_llama with { TieEmbeddings = true, RopeLayout = RopeLayout.HalfSplit },
        "qk-norm" => s_llama with { QkNorm = true },
        "post-norms" => s_llama with { PostNorms = true, AttentionSoftCap = 3, LogitSoftCap = 2, EmbeddingScale = 4 },
        "window" => s_llama with { Window = 3, QkvBias = true },
        "both-ways" => s_gpt with { Bidirectional = true, Dropout = 0.2f },
        "both-ways-relative" => s_llama with { Bidirectional = true, Positions = PositionKind.Relative, RelativeBuckets = 8, RelativeMaxDistance = 6 },
        "both-ways-window" => s_llama with { Bidirectional = true, Window = 1, WindowFrom = 1 },
        "dropout" => s_llama with { Dropout = 0.2f },
        "ntk" => s_llama with { RopeScaling = new RopeScaling(RopeScalingKind.Ntk, 2, 3) },
        "yarn" => s_llama with { RopeScaling = new RopeScaling(RopeScalingKind.Yarn, 4, 8) },
        "llama3" => s_llama with { RopeScaling = new RopeScaling(RopeScalingKind.Llama3, 8, 8) },
        "linear" => s_llama with { RopeScaling = new RopeScaling(RopeScalingKind.Linear, 2) },
        _ => s_llama,
    };

    /// <summary>A model whose weights are large enough for gradients to matter everywhere.</summary>
    private static Transformer Random(ModelConfig config, Device device)
    {
        Transformer model = new(config, new RandomWeights(3, config.NumLayers, device));
        Random random = new(8);
        foreach (Parameter parameter in model.Parameters)
            parameter.Value.Assign(parameter.Value + Tensor.Normal(parameter.Value.Shape, random, 0, 0.2, device));
        return model;
    }

    private static Dictionary<string, double[]> Gradients(Transformer model, int[] tokens, int[] targets, bool recompute, int[]? positions = null, int batch = 2, int[]? firstKeys = null)
    {
        if (tokens.Length % 2 != 0 || tokens.Length < 6) batch = 1;
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        foreach (Parameter parameter in model.Parameters)
        {
            parameter.Value.RequiresGradient = true;
            parameter.Value.ClearGradient();
        }
        using (GradientTape tape = new())
            tape.Backward(model.Loss(tokens, targets, batch, positions, firstKeys, dropoutSeed: 3, recompute: recompute));
        Dictionary<string, double[]> gradients = model.Parameters.ToDictionary(
            parameter => parameter.Name,
            parameter => parameter.Value.Gradient!.To(Device.Reference).Contiguous().Span<double>(parameter.Value.ElementCount).ToArray(), StringComparer.Ordinal);
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = false;
        return gradients;
    }
}
