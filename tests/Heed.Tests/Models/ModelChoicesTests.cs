using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Choices of a configuration that no Hugging Face family has: they run, learn, and say that they cannot be exported as one.</summary>
public sealed class ModelChoicesTests
{
    private static readonly ModelConfig s_small = new()
    {
        HiddenSize = 32,
        IntermediateSize = 48,
        NumLayers = 2,
        NumHeads = 4,
        NumKvHeads = 2,
        VocabSize = 61,
        MaxSeqLen = 600,
    };

    private static readonly int[] s_tokens = [3, 17, 5, 60, 0, 22, 41, 8, 8, 13, 2, 59, 30, 30, 1, 44, 7, 19, 50, 6];

    public static TheoryData<string> Names => ["post", "post-layer", "sinusoidal", "concatenated", "none", "swish", "glu", "reglu", "geglu", "batch", "post-batch", "alibi", "relative", "top-k", "top-k-alibi-window"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_CachedInChunks_EqualsTheFullForward(string name)
    {
        Transformer model = new(ConfigOf(name), new RandomWeights(1, 2));
        float[] full = model.Forward(s_tokens, rows: LogitRows.All).ToArray();
        foreach (int chunk in new[] { 1, 3, 5 })
        {
            using KvCache cache = model.CreateCache();
            for (int i = 0; i < s_tokens.Length; i += chunk)
            {
                int count = Math.Min(chunk, s_tokens.Length - i);
                model.Forward(s_tokens.AsSpan(i, count), cache).ToArray().ShouldBe(full.AsSpan((i + count - 1) * 61, 61).ToArray(), $"chunks of {chunk}, {i}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Loss_OfAFreshModel_HasLnVAndGradientsEverywhere(string name)
    {
        Transformer model = new(ConfigOf(name), new RandomWeights(1, 2));
        model.Config.ParameterCount().ShouldBe(model.Parameters.Sum(parameter => (long)parameter.Value.ElementCount));
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        using GradientTape tape = new();
        Tensor loss = model.Loss(s_tokens.AsSpan(0, 19), s_tokens.AsSpan(1));
        loss.Item().ShouldBe(Math.Log(61), 0.3);
        tape.Backward(loss);
        foreach (Parameter parameter in model.Parameters)
            parameter.Value.Gradient!.ToArray().ShouldContain(slope => slope != 0, parameter.Name);
    }

    [Theory]
    [InlineData("alibi")]
    [InlineData("relative")]
    [InlineData("top-k")]
    [InlineData("top-k-alibi-window")]
    public void Row19And53_Forward_ThroughTheCacheAndWithinRows_IsTheSame(string name)
    {
        Transformer model = new(ConfigOf(name), new RandomWeights(1, 2)), reference = new(ConfigOf(name), new RandomWeights(1, 2, Device.Reference));
        foreach (Parameter parameter in model.Parameters.Concat(reference.Parameters)) parameter.Value.Assign(parameter.Value * 8); // far from even weights
        int[] batch = [.. s_tokens, .. s_tokens[5..], 1, 2, 3, 4, 5], positions = [.. Enumerable.Range(0, 20), .. Enumerable.Range(0, 15), -1, -1, -1, -1, -1];

        float[] cached = model.Forward(batch, positions: positions, batch: 2, rows: LogitRows.All).ToArray();

        using GradientTape tape = new(); // without a cache, in rows of their own
        float[] own = model.Forward(batch, positions: positions, batch: 2, rows: LogitRows.All).ToArray();
        float[] exact = reference.Forward(batch, positions: positions, batch: 2, rows: LogitRows.All).ToArray();
        for (int i = 0; i < 35 * 61; i++)
        {
            own[i].ShouldBe(cached[i], 2e-4f);
            exact[i].ShouldBe(cached[i], 2e-3f);
        }
    }

    [Fact]
    public void Loss_RelativeBiases_HaveTheGradientOfFiniteDifferences()
    {
        Transformer model = new(ConfigOf("relative"), new RandomWeights(1, 2, Device.Reference));
        Tensor table = model.Parameters.Single(parameter => parameter.Name.StartsWith(WeightNames.RelativeBias, StringComparison.Ordinal)).Value;
        foreach (Parameter parameter in model.Parameters) parameter.Value.Assign(parameter.Value * 8);
        double Loss() => model.Loss(s_tokens.AsSpan(0, 19), s_tokens.AsSpan(1)).Item();
        table.RequiresGradient = true;
        double[] slopes;
        using (GradientTape tape = new())
        {
            tape.Backward(model.Loss(s_tokens.AsSpan(0, 19), s_tokens.AsSpan(1), recompute: true));
            slopes = table.Gradient!.Contiguous().Span<double>(table.ElementCount).ToArray();
        }
        table.RequiresGradient = false;
        for (int i = 0; i < slopes.Length; i += 5)
        {
            Span<double> values = table.Span<double>(slopes.Length);
            double kept = values[i];
            values[i] = kept + 1e-5;
            double above = Loss();
            values[i] = kept - 1e-5;
            ((above - Loss()) / 2e-5).ShouldBe(slopes[i], 1e-8);
            values[i] = kept;
        }
    }

    [Theory]
    [InlineData("post", "NormPlacement is Post")]
    [InlineData("post-gpt2", "NormPlacement is Post")]
    [InlineData("sinusoidal", "no Hugging Face family has Rms norms, Sinusoidal positions")]
    [InlineData("none", "no Hugging Face family has Rms norms, None positions")]
    [InlineData("swish", "Activation is Swish")]
    [InlineData("glu", "Activation is Sigmoid")]
    [InlineData("alibi", "no Hugging Face family has Rms norms, Alibi positions")]
    [InlineData("top-k", "AttentionTopK is 3")]
    public void Export_WhatNoFamilySays_IsAClearErrorAndWritesNothing(string name, string expected)
    {
        ModelConfig config = ConfigOf(name);
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.CheckExportable(config)).Message.ShouldContain(expected);
        string folder = Path.Combine(Path.GetTempPath(), $"heed-choices-{Guid.NewGuid():N}");
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.Write(new Transformer(config, new RandomWeights(1, 2)), folder));
        Directory.Exists(folder).ShouldBeFalse();
    }

    [Fact]
    public void PostNorm_HasNoFinalNorm_AndTheSameNumberOfBlockNorms()
    {
        Transformer post = new(ConfigOf("post"), new RandomWeights(1, 2)), pre = new(s_small, new RandomWeights(1, 2));
        post.FinalNorm.ShouldBeNull();
        pre.FinalNorm.ShouldNotBeNull();
        (pre.Config.ParameterCount() - post.Config.ParameterCount()).ShouldBe(32);
        Should.Throw<ArgumentException>(() => post.LayerOf(WeightNames.FinalNorm)).Message.ShouldContain("no layer 'norm'");
    }

    [Fact]
    public void PostNorm_Output_HasUnitRmsBeforeTheOutputLayer()
    {
        // A gain of 1 right after the addition: whatever the parts add, each row that leaves a block has RMS 1.
        ModelConfig config = ConfigOf("post") with { HiddenSize = 61, NumHeads = 1, NumKvHeads = 1, HeadDim = 32, Positions = PositionKind.None };
        Transformer model = new(config, new IdentityOutput(new RandomWeights(1, 2)));
        float[] hidden = model.Forward(s_tokens).ToArray();
        Math.Sqrt(hidden.Average(value => (double)value * value)).ShouldBe(1, 1e-2);
    }

    [Fact]
    public void Row53_SinusoidalPositions_GoOnFromTheCacheAndGrowUpToTheBound()
    {
        Transformer model = new(ConfigOf("sinusoidal"), new RandomWeights(1, 2));
        int[] many = [.. Enumerable.Range(0, 600).Select(i => i * 7 % 61)];
        float[] last = model.Forward(many).ToArray();
        using KvCache cache = model.CreateCache();
        model.Forward(many.AsSpan(0, 250), cache);
        model.Forward(many.AsSpan(250, 349), cache);
        model.Forward(many.AsSpan(599, 1), cache).ToArray().ShouldBe(last);
        Should.Throw<ArgumentOutOfRangeException>(() => model.Forward([1], cache));
        SinusoidalEmbedding table = new(600, 5);
        table.Forward([599]).Reshape(-1).ToArray().ShouldBe(SinusoidalPositions.Interleaved(600, 5).Select(0, 599).ToArray());
        Should.Throw<ArgumentOutOfRangeException>(() => table.Forward([600])).Message.ShouldContain("position 600");
        Should.Throw<NotSupportedException>(table.AsLinear);
        table.Parameters("p").ShouldBeEmpty();
    }

    [Fact]
    public void NoPositions_LastTokenSeesASet_OtherKindsSeeAnOrder()
    {
        int[] order = [5, 9, 2, 33, 7], swapped = [9, 5, 33, 2, 7];
        // One block: the last query weighs the same keys, whatever their order.
        foreach ((string name, bool same) in new[] { ("none", true), ("sinusoidal", false), ("swish", false) })
        {
            Transformer model = new(ConfigOf(name) with { NumLayers = 1 }, new RandomWeights(1));
            float[] a = model.Forward(order).ToArray(), b = model.Forward(swapped).ToArray();
            (a.Zip(b, (x, y) => Math.Abs(x - y)).Max() < 1e-6).ShouldBe(same, name);
        }
    }

    [Fact]
    public void Validate_ChoicesThatDoNotFit_SayWhichOnes()
    {
        Should.Throw<ArgumentException>(() => (ConfigOf("post") with { PostNorms = true }).Validate()).Message.ShouldContain("PostNorms");
        Should.Throw<ArgumentException>(() => (s_small with { SwishBeta = float.NaN }).Validate()).Message.ShouldContain("SwishBeta is NaN");
        Should.Throw<ArgumentException>(() => (s_small with { Positions = (PositionKind)9 }).Validate()).Message.ShouldContain("PositionKind is 9; expected one of Rotary, Learned");
        Should.Throw<ArgumentException>(() => (s_small with { Norm = (NormKind)9 }).Validate()).Message.ShouldContain("NormKind is 9");
    }

    private static ModelConfig ConfigOf(string name) => name switch
    {
        "post" => s_small with { NormPlacement = NormPlacement.Post },
        "post-layer" => s_small with { NormPlacement = NormPlacement.Post, Norm = NormKind.Layer, Positions = PositionKind.Learned },
        "post-gpt2" => s_small with
        {
            NormPlacement = NormPlacement.Post,
            Norm = NormKind.Layer,
            Positions = PositionKind.Learned,
            GatedFeedForward = false,
            Activation = Activation.GeluTanh,
            NumKvHeads = null,
            QkvBias = true,
            AttentionOutputBias = true,
            FeedForwardBias = true,
            TieEmbeddings = true,
        },
        "sinusoidal" => s_small with { Positions = PositionKind.Sinusoidal },
        "concatenated" => s_small with { Positions = PositionKind.Sinusoidal, SinusoidalLayout = SinusoidalLayout.Concatenated, HiddenSize = 33, HeadDim = 8 },
        "none" => s_small with { Positions = PositionKind.None },
        "swish" => s_small with { Activation = Activation.Swish, SwishBeta = 1.5f },
        "glu" => s_small with { Activation = Activation.Sigmoid },
        "batch" => s_small with { Norm = NormKind.Batch },
        "post-batch" => s_small with { Norm = NormKind.Batch, NormPlacement = NormPlacement.Post, Positions = PositionKind.Sinusoidal },
        "alibi" => s_small with { Positions = PositionKind.Alibi },
        "relative" => s_small with { Positions = PositionKind.Relative, RelativeBuckets = 8, RelativeMaxDistance = 12 },
        "top-k" => s_small with { AttentionTopK = 3 },
        "top-k-alibi-window" => s_small with { AttentionTopK = 4, Positions = PositionKind.Alibi, Window = 9, AttentionSoftCap = 3 },
        "reglu" => s_small with { Activation = Activation.Relu },
        _ => s_small with { Activation = Activation.GeluErf },
    };

    /// <summary>Random layers, but the output layer hands on what it gets.</summary>
    private sealed class IdentityOutput(IWeightSource inner) : IWeightSource
    {
        public Device Device => inner.Device;

        public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
        {
            if (name != WeightNames.Output) return inner.Linear(name, inFeatures, outFeatures, bias, slice);
            float[] eye = new float[inFeatures * outFeatures];
            for (int i = 0; i < inFeatures; i++) eye[i * inFeatures + i] = 1;
            return new DenseLinear(MatrixSlice.Copy(slice, name, Heed.Tensors.Tensor.From(eye, Shape.Of(outFeatures, inFeatures))));
        }

        public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null) => inner.Embedding(name, count, dim, slice);

        public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null) => inner.Tensor(name, shape, slice);

        public IWeightSource Scope(string prefix) => inner.Scope(prefix);
    }
}
