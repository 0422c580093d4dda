using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;

namespace Heed.Tests.Models;

/// <summary>Models of two halves: gradients, what each half may see, cached decoding, files.</summary>
public sealed class EncoderDecoderTests
{
    private const int Vocabulary = 12;
    private static readonly int[] s_tokens = [1, 4, 2, 7, 3, 9, 10, 0], s_targets = [4, 2, 7, -100, 9, 10, 0, 5];
    private static readonly string[] s_smooth = ["llama", "t5", "vaswani", "gemma", "window", "linformer", "aft", "mamba", "longformer", "bigbird"];
    private static readonly SourceRows s_sources = new([5, 1, 8, 2, 6], [3, 11, 7]);

    private static readonly ModelConfig s_llama = new()
    {
        HiddenSize = 8,
        NumLayers = 2,
        NumHeads = 4,
        NumKvHeads = 2,
        IntermediateSize = 12,
        VocabSize = Vocabulary,
        MaxSeqLen = 24,
        TieEmbeddings = true,
    };

    /// <summary>Those whose gradients are the loss's slopes; a hard choice has none, and is taught by soft attention's.</summary>
    public static TheoryData<string> Smooth => [.. s_smooth];

    public static TheoryData<string> Names => [.. s_smooth, "hard"];

    private static ModelConfig ConfigOf(string name) => name switch
    {
        "t5" => (s_llama with { Positions = PositionKind.Relative, RelativeBuckets = 8, RelativeMaxDistance = 6, AttentionScale = 1, HeadDim = 3, Activation = Activation.Relu, GatedFeedForward = false }).WithEncoder(3),
        "vaswani" => (s_llama with { Norm = NormKind.Layer, NormPlacement = NormPlacement.Post, Positions = PositionKind.Sinusoidal, QkvBias = true, AttentionOutputBias = true, FeedForwardBias = true, TieEmbeddings = false, Dropout = 0.2f }).WithEncoder(),
        "gemma" => (s_llama with { PostNorms = true, QkNorm = true, AttentionSoftCap = 5, LogitSoftCap = 4 }).WithEncoder(1),
        "window" => Encoder(s_llama.WithEncoder(), encoder => encoder with { Window = 2 }),
        "linformer" => Encoder(s_llama.WithEncoder(), encoder => encoder with { Mixer = MixerKind.Linformer, NumKvHeads = 4, LinformerSize = 3, Positions = PositionKind.Learned }),
        "aft" => Encoder(s_llama.WithEncoder(), encoder => encoder with { Mixer = MixerKind.AftLocal, AftWindow = 3, Positions = PositionKind.None }),
        "longformer" => (s_llama with { AttentionPattern = AttentionPatternKind.Longformer, LongformerWindow = 1, GlobalTokens = 2 }).WithEncoder(),
        "bigbird" => (s_llama with { AttentionPattern = AttentionPatternKind.BigBird, BigBirdBlock = 1, BigBirdWindow = 1, BigBirdGlobal = 1, BigBirdRandom = 1 }).WithEncoder(),
        "hard" => (s_llama with { Mixer = MixerKind.Hard, NumKvHeads = 4, Positions = PositionKind.Learned }).WithEncoder(),
        "mamba" => s_llama with { Mixer = MixerKind.Mamba, Positions = PositionKind.None, Encoder = s_llama with { Bidirectional = true } },
        _ => s_llama.WithEncoder(),
    };

    private static ModelConfig Encoder(ModelConfig config, Func<ModelConfig, ModelConfig> change) => config with { Encoder = change(config.Encoder!) };

    [Theory, MemberData(nameof(Smooth))]
    public void Loss_EveryParameterOfBothHalves_MatchesFiniteDifferences(string name)
    {
        Transformer model = Make(ConfigOf(name), Device.Reference);
        Dictionary<string, double[]> exact = Gradients(model, recompute: false);
        Random random = new(5);
        foreach (Parameter parameter in model.Parameters)
        {
            exact[parameter.Name].ShouldContain(slope => slope != 0, parameter.Name);
            for (int probe = 0; probe < 2; probe++)
            {
                Span<double> values = parameter.Value.Span<double>(parameter.Value.ElementCount);
                int i = random.Next(values.Length);
                double kept = values[i], step = 1e-5;
                values[i] = kept + step;
                double above = Loss(model);
                values[i] = kept - step;
                double slope = (above - Loss(model)) / (2 * step);
                values[i] = kept;
                Math.Abs(exact[parameter.Name][i] - slope).ShouldBeLessThan(1e-6 * (1 + Math.Abs(slope)), $"{parameter.Name}[{i}]");
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Loss_OnTheCpu_AgreesWithTheReferenceAndRecomputes(string name)
    {
        Dictionary<string, double[]> wide = Gradients(Make(ConfigOf(name), Device.Reference), recompute: false);
        Dictionary<string, double[]> narrow = Gradients(Make(ConfigOf(name)), recompute: false), again = Gradients(Make(ConfigOf(name)), recompute: true);
        foreach ((string parameter, double[] expected) in wide)
        {
            double scale = expected.Max(Math.Abs) + 1e-6;
            for (int i = 0; i < expected.Length; i++) Math.Abs(narrow[parameter][i] - expected[i]).ShouldBeLessThan(2e-4 * scale, $"{parameter}[{i}]");
            // The encoder's output gets its gradient from the blocks one by one either way.
            for (int i = 0; i < expected.Length; i++) Math.Abs(again[parameter][i] - narrow[parameter][i]).ShouldBeLessThan(1e-6 * scale, $"{parameter}[{i}]");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Forward_LaterTargetChanges_EarlierLogitsKeepTheirBits(string name)
    {
        Transformer model = Make(ConfigOf(name));
        float[] one = Uncached(model, [1, 4, 2, 7], [5, 1, 8]), other = Uncached(model, [1, 4, 2, 9], [5, 1, 8]);
        other[..(3 * Vocabulary)].ShouldBe(one[..(3 * Vocabulary)]);
        other[(3 * Vocabulary)..].ShouldNotBe(one[(3 * Vocabulary)..]);
        // Each token of the source reaches even the first logits.
        for (int i = 0; i < 3; i++)
        {
            int[] source = [5, 1, 8];
            source[i] = 10;
            Uncached(model, [1, 4, 2, 7], source)[..Vocabulary].ShouldNotBe(one[..Vocabulary], $"token {i}");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Row12_SourcesOfDifferentLengths_AreThoseOfEachAlone(string name)
    {
        Transformer model = Make(ConfigOf(name));
        int[][] sources = [[5, 1, 8, 2, 6, 4, 9], [3, 11, 7], [2]];
        int[][] targets = [[1, 4, 2], [7, 3, 9], [10, 0, 5]];
        float[] together = model.Forward([.. targets.SelectMany(row => row)], batch: 3, rows: LogitRows.All, sources: new SourceRows(sources)).ToArray();
        double loss = 0;
        for (int row = 0; row < 3; row++)
        {
            together[(row * 3 * Vocabulary)..((row + 1) * 3 * Vocabulary)].ShouldBe(Uncached(model, targets[row], sources[row]), $"row {row}");
            loss += model.Loss(targets[row], [1, 2, 3], sources: new SourceRows(sources[row])).Item() / 3;
        }
        model.Loss([.. targets.SelectMany(row => row)], [1, 2, 3, 1, 2, 3, 1, 2, 3], batch: 3, sources: new SourceRows(sources)).Item().ShouldBe(loss, 1e-6);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("linformer")]
    public void Row12_EmptySource_IsFiniteAndLikeNoSourceAtAll(string name)
    {
        Transformer model = Make(ConfigOf(name));
        float[] alone = Uncached(model, [1, 4, 2], []);
        alone.ShouldAllBe(value => float.IsFinite(value));
        model.Forward([1, 4, 2, 1, 4, 2], batch: 2, rows: LogitRows.All, sources: new SourceRows([], [3, 4, 5])).ToArray()[..alone.Length].ShouldBe(alone);
    }

    [Theory, MemberData(nameof(Names))]
    public void Row10_CachedDecoding_HasTheBitsOfAWholeForward(string name)
    {
        Transformer model = Make(ConfigOf(name));
        int[] tokens = [1, 4, 2, 7, 3, 9, 10];
        float[] whole = Uncached(model, tokens, [5, 1, 8, 2]);
        foreach (int chunk in new[] { 1, 3, 7 })
        {
            using KvCache cache = model.CreateCache();
            // A source before it, and what was written for that, are forgotten.
            model.Encode(new SourceRows([3, 3, 3, 3, 3, 3]), cache);
            model.Forward([6, 6], cache);
            model.Encode(new SourceRows([5, 1, 8, 2]), cache);
            cache.Length().ShouldBe(0);
            List<float> logits = [];
            for (int at = 0; at < tokens.Length; at += chunk) logits.AddRange(model.Forward(tokens.AsSpan(at, Math.Min(chunk, tokens.Length - at)), cache, rows: LogitRows.All).ToArray());
            logits.ToArray().ShouldBe(whole, $"chunks of {chunk}");
        }
    }

    [Fact]
    public void CachedDecoding_RowsWithSourcesOfTheirOwn_HaveTheBitsOfSingleOnes()
    {
        Transformer model = Make(s_llama.WithEncoder());
        using KvCache both = model.CreateCache(2);
        model.Encode(s_sources, both);
        model.Forward([1, 4, 7, 3], both);
        float[] together = model.Forward([2, 9], both).ToArray();
        foreach ((int row, int[] source, int[] tokens) in new[] { (0, new[] { 5, 1, 8, 2, 6 }, new[] { 1, 4, 2 }), (1, [3, 11, 7], [7, 3, 9]) })
            together[(row * Vocabulary)..((row + 1) * Vocabulary)].ShouldBe(Uncached(model, tokens, source)[^Vocabulary..]);
        both.Bytes.ShouldBeGreaterThan(0);
        both.Truncate(0, 0);
        both.Truncate(1, 0);
        float[] again = model.Forward([1, 4, 2, 7, 3, 9], both).ToArray();
        again.ShouldBe(together, "cutting back what was written forgets no source");
    }

    [Fact]
    public void Forward_DecodeInSteadyState_AllocatesNothingManagedAndReadsTheSourceOnce()
    {
        Transformer model = Make(s_llama.WithEncoder(), Device.CreateCpu(1));
        using KvCache cache = model.CreateCache();
        model.Encode(new SourceRows([5, 1, 8]), cache);
        using TensorScope scope = new(recycles: true);
        Decode(200);
        long bytes = cache.Bytes;
        SteadyState.ManagedBytes(() => Decode(200)).ShouldBe(0);
        cache.Bytes.ShouldBe(bytes);

        void Decode(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                if (cache.Length() == 20) cache.Truncate(0, 4);
                using TensorScope.Lease step = scope.Enter();
                int token = i % Vocabulary;
                model.Forward(new ReadOnlySpan<int>(in token), cache);
            }
        }
    }

    [Fact]
    public void Encode_Cancelled_LeavesTheCacheAsItWas()
    {
        Transformer model = Make(s_llama.WithEncoder());
        using KvCache cache = model.CreateCache();
        model.Encode(new SourceRows([5, 1, 8]), cache);
        model.Forward([1, 4], cache);
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Should.Throw<OperationCanceledException>(() => model.Encode(new SourceRows([9]), cache, cancelled.Token));
        model.Forward([2], cache).ToArray().ShouldBe(Uncached(model, [1, 4, 2], [5, 1, 8])[^Vocabulary..]);
    }

    [Theory, MemberData(nameof(Names))]
    public void ModelFolder_WrittenAndRead_IsTheSameModel(string name)
    {
        using TempFolder folder = new();
        Transformer model = Make(ConfigOf(name));
        model.Config.ParameterCount().ShouldBe(model.Parameters.Sum(parameter => (long)parameter.Value.ElementCount));
        ModelFolder.WhyOwnFormat(model.Config)!.ShouldContain("Encoder is set");
        ModelFolder.Write(model, folder.Root);
        using Checkpoint saved = Checkpoint.Open(folder.Root);
        saved.Config.ShouldBe(model.Config);
        Transformer dense = new(saved.Config, saved.Weights(form: WeightForm.Dense)), frozen = new(saved.Config, saved.Weights());
        dense.Parameters.Select(parameter => parameter.Name).ShouldBe(model.Parameters.Select(parameter => parameter.Name));
        Uncached(dense, [1, 4, 2], [5, 1, 8]).ShouldBe(Uncached(model, [1, 4, 2], [5, 1, 8]));
        float[] expected = Uncached(model, [1, 4, 2], [5, 1, 8]), got = Uncached(frozen, [1, 4, 2], [5, 1, 8]);
        for (int i = 0; i < got.Length; i++) got[i].ShouldBe(expected[i], 1e-4f);
    }

    [Fact]
    public void Checkpoint_HostileEncoder_IsRefused()
    {
        using TempFolder folder = new();
        ModelFolder.Write(Make(s_llama.WithEncoder()), folder.Root);
        string path = Path.Combine(folder.Root, "config.json"), json = File.ReadAllText(path);
        foreach ((string from, string to, string expected) in new[]
        {
            ("\"bidirectional\": true", "\"bidirectional\": false", "Bidirectional"),
            ("\"encoder\": null", "\"encoder\": {}", "encoder itself"),
            ("\"num_layers\": 2", "\"num_layers\": 3", "absent"),
        })
        {
            string nested = json[json.IndexOf("\"encoder\": {", StringComparison.Ordinal)..], changed = nested.Replace(from, to, StringComparison.Ordinal);
            changed.ShouldNotBe(nested, from);
            File.WriteAllText(path, json.Replace(nested, changed, StringComparison.Ordinal));
            Should.Throw<FileFormatException>(() => Checkpoint.Open(folder.Root).Dispose()).Message.ShouldContain(expected);
        }
    }

    [Fact]
    public void Validate_HalvesThatDoNotFit_SayWhy()
    {
        ModelConfig both = s_llama.WithEncoder();
        both.Validate();
        Refused(both with { Bidirectional = true }, "Bidirectional is true beside an Encoder");
        Refused(both with { HiddenSize = 16 }, "has HiddenSize 8; expected 16");
        Refused(both with { VocabSize = 13 }, "has VocabSize 12; expected 13");
        Refused(both with { Norm = NormKind.Batch }, "Norm is Batch");
        Refused(Encoder(both, encoder => encoder with { Bidirectional = false }), "has Bidirectional false");
        Refused(Encoder(both, encoder => encoder with { NumLayers = 0 }), "the Encoder does not make a model: ModelConfig: NumLayers is 0");
        Refused(Encoder(both, encoder => encoder with { Encoder = encoder }), "has an encoder itself");

        static void Refused(ModelConfig config, string message) => Should.Throw<ArgumentException>(() => config.Validate()).Message.ShouldContain(message);
    }

    [Fact]
    public void Calls_SourcesThatDoNotFit_SayWhy()
    {
        Transformer model = Make(s_llama.WithEncoder()), plain = Make(s_llama);
        using KvCache cache = model.CreateCache(2), other = plain.CreateCache();
        Should.Throw<InvalidOperationException>(() => model.Forward([1, 2], cache)).Message.ShouldContain("call Encode");
        cache.Length().ShouldBe(0);
        Should.Throw<InvalidOperationException>(() => model.Forward([1])).Message.ShouldContain("pass sources");
        Should.Throw<ArgumentException>(() => model.Loss([1], [2])).Message.ShouldContain("got no sources");
        Should.Throw<ArgumentException>(() => model.Encode(new SourceRows([1]), cache)).Message.ShouldContain("got 1 sources; expected 2");
        Should.Throw<ArgumentException>(() => model.Forward([1], sources: new SourceRows(new int[25]))).Message.ShouldContain("has 25 tokens; expected at most 24");
        Should.Throw<ArgumentOutOfRangeException>(() => model.Forward([1], sources: new SourceRows([12])));
        Should.Throw<ArgumentException>(() => model.Forward([1, 2], cache, sources: s_sources)).Message.ShouldContain("sources and a cache");
        Should.Throw<NotSupportedException>(() => plain.Forward([1], sources: new SourceRows([1]))).Message.ShouldContain("no encoder");
        Should.Throw<NotSupportedException>(() => plain.Loss([1], [2], sources: new SourceRows([1]))).Message.ShouldContain("no encoder");
        Should.Throw<NotSupportedException>(() => plain.Encode(new SourceRows([1]), other)).Message.ShouldContain("no encoder");
        Should.Throw<ArgumentException>(() => AttentionMaps.Of(model, [1])).Message.ShouldContain("encoder");
        Should.Throw<ArgumentException>(() => GroupedHeads.MeanPool(model, 1)).Message.ShouldContain("Encoder is set");
    }

    private static Transformer Make(ModelConfig config, Device? device = null)
    {
        Transformer model = new(config, new RandomWeights(3, config.NumLayers, device));
        Random random = new(8);
        foreach (Parameter parameter in model.Parameters)
            parameter.Value.Assign(parameter.Value + Tensor.Normal(parameter.Value.Shape, random, 0, 0.2, model.Device));
        return model;
    }

    private static float[] Uncached(Transformer model, int[] tokens, int[] source) => model.Forward(tokens, rows: LogitRows.All, sources: new SourceRows(source)).ToArray();

    private static double Loss(Transformer model) => model.Loss(s_tokens, s_targets, batch: 2, sources: s_sources, dropoutSeed: 3).Item();

    private static Dictionary<string, double[]> Gradients(Transformer model, bool recompute)
    {
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        using GradientTape tape = new();
        tape.Backward(model.Loss(s_tokens, s_targets, batch: 2, sources: s_sources, dropoutSeed: 3, recompute: recompute));
        Dictionary<string, double[]> gradients = model.Parameters.ToDictionary(parameter => parameter.Name, parameter => Heed.Tests.Tensors.Samples.Read(parameter.Value.Gradient!).ToArray());
        foreach (Parameter parameter in model.Parameters)
        {
            parameter.Value.RequiresGradient = false;
            parameter.Value.ClearGradient();
        }
        return gradients;
    }
}
