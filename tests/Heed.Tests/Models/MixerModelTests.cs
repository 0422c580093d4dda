using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Models whose blocks have another mixer than attention: the forward pass, with and without a cache.</summary>
public sealed class MixerModelTests
{
    private const int Vocab = 13;
    private static readonly int[] s_tokens = MixerModels.Tokens;

    public static TheoryData<string> Causal => MixerModels.Causal;

    public static TheoryData<string> BothWays => MixerModels.BothWays;

    [Theory, MemberData(nameof(Causal))]
    public void Forward_CachedInChunks_EqualsTheFullForward(string name)
    {
        Transformer model = MixerModels.Make(name);
        float[] full = MixerModels.Logits(model, s_tokens);
        model.Forward(s_tokens).ToArray().ShouldBe(full[^Vocab..]);
        using KvCache cache = model.CreateCache();
        foreach (int chunk in new[] { 1, 3, 5 })
        {
            cache.Clear();
            for (int i = 0; i < s_tokens.Length; i += chunk)
            {
                int count = Math.Min(chunk, s_tokens.Length - i);
                model.Forward(s_tokens.AsSpan(i, count), cache, rows: LogitRows.All).ToArray().ShouldBe(full.AsSpan(i * Vocab, count * Vocab).ToArray(), $"chunks of {chunk}, {i}");
            }
        }
        cache.Bytes.ShouldBe(model.Config.CacheBytes(s_tokens.Length));
    }

    [Theory, MemberData(nameof(Causal))]
    public void Forward_AfterAChange_KeepsTheBitsOfWhatCameBefore(string name)
    {
        Transformer model = MixerModels.Make(name);
        float[] before = MixerModels.Logits(model, s_tokens);
        foreach (int changed in new[] { 1, 7, 15 })
        {
            int[] other = [.. s_tokens];
            other[changed] = (other[changed] + 1) % Vocab;
            float[] after = MixerModels.Logits(model, other);
            after[..(changed * Vocab)].ShouldBe(before[..(changed * Vocab)]);
            after[(changed * Vocab)..].ShouldNotBe(before[(changed * Vocab)..]);
        }
    }

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void Forward_RowsOfABatch_EqualSingleRowsAlsoWithPadding(string name)
    {
        Transformer model = MixerModels.Make(name);
        int[] a = s_tokens[..6], b = s_tokens[4..10];
        float[] first = MixerModels.Logits(model, a), second = MixerModels.Logits(model, b);
        float[] shortFirst = MixerModels.Logits(model, a[..4]), shortSecond = MixerModels.Logits(model, b[..3]);
        model.Forward([.. a, .. b], batch: 2, rows: LogitRows.All).ToArray().ShouldBe([.. first, .. second]);
        // Two tokens of padding on the left of the first row, three on the right of the second.
        int[] positions = [-1, -1, 0, 1, 2, 3, 0, 1, 2, -1, -1, -1];
        float[] padded = model.Forward([9, 9, .. a[..4], .. b[..3], 9, 9, 9], positions: positions, batch: 2, rows: LogitRows.All).ToArray();
        padded[(2 * Vocab)..(6 * Vocab)].ShouldBe(shortFirst);
        padded[(6 * Vocab)..(9 * Vocab)].ShouldBe(shortSecond);
    }

    [Theory, MemberData(nameof(Causal))]
    public void Forward_RaggedRowsInACache_EachGoOnAsAlone(string name)
    {
        Transformer model = MixerModels.Make(name);
        int[] a = s_tokens[..6], b = s_tokens[4..12];
        float[] first = MixerModels.Logits(model, a), second = MixerModels.Logits(model, b);
        using KvCache cache = model.CreateCache(batch: 2);
        float[] prompt = model.Forward([9, 9, .. a[..3], .. b[..5]], cache, [-1, -1, 0, 1, 2, 0, 1, 2, 3, 4], rows: LogitRows.All).ToArray();
        prompt[(2 * Vocab)..(5 * Vocab)].ShouldBe(first[..(3 * Vocab)]);
        prompt[(5 * Vocab)..].ShouldBe(second[..(5 * Vocab)]);
        float[] more = model.Forward([.. a[3..], .. b[5..]], cache, rows: LogitRows.All).ToArray();
        more.ShouldBe([.. first[(3 * Vocab)..], .. second[(5 * Vocab)..]]);
        // A row begins anew beside the other, which rests.
        cache.Truncate(0, 0);
        model.Forward([a[0], 9], cache, [0, -1], rows: LogitRows.All).ToArray()[..Vocab].ShouldBe(first[..Vocab]);
        (cache.Length(0), cache.Length(1)).ShouldBe((1, 8));
    }

    [Theory, InlineData("mamba"), InlineData("simple"), InlineData("local")]
    public void Cache_OfStates_CannotBeCutBack(string name)
    {
        Transformer model = MixerModels.Make(name);
        using KvCache cache = model.CreateCache();
        cache.CanTruncate.ShouldBeFalse();
        model.Forward(s_tokens.AsSpan(0, 4), cache);
        Should.Throw<NotSupportedException>(() => cache.Truncate(0, 2)).Message.ShouldContain("expected 0 or row 0's 4 tokens");
        Should.Throw<ArgumentOutOfRangeException>(() => model.Forward([1], cache, [2])).Message.ShouldContain("before the end of row 0");
        Should.Throw<ArgumentOutOfRangeException>(() => model.Forward([1], cache, [5])).Message.ShouldContain("gap; expected 0 to 4");
        cache.Truncate(0, 4);
        cache.Length().ShouldBe(4);
        cache.Truncate(0, 0);
        model.Forward(s_tokens.AsSpan(0, 4), cache).ToArray().ShouldBe(model.Forward(s_tokens.AsSpan(0, 4)).ToArray());
        using KvCache foreign = MixerModels.Make(name).CreateCache(), attention = new Transformer(MixerModels.ConfigOf(name) with { Mixer = MixerKind.Attention }, new RandomWeights(1)).CreateCache();
        attention.CanTruncate.ShouldBeTrue();
        foreach (KvCache other in new[] { foreign, attention })
            Should.Throw<ArgumentException>(() => model.Forward([1], other)).Message.ShouldContain("another model's");
    }

    [Theory, InlineData("mamba"), InlineData("factors")]
    public void Forward_Cancelled_LeavesAnEmptyCacheThatWorks(string name)
    {
        Transformer model = MixerModels.Make(name);
        using KvCache cache = model.CreateCache();
        model.Forward(s_tokens.AsSpan(0, 4), cache);
        using CancellationTokenSource source = new();
        source.Cancel();
        Should.Throw<OperationCanceledException>(() => model.Forward([1, 2], cache, cancellation: source.Token));
        cache.Length().ShouldBe(0);
        model.Forward(s_tokens, cache).ToArray().ShouldBe(model.Forward(s_tokens).ToArray());
    }

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void Layers_AreWhatTheModelAsksFor(string name)
    {
        ModelConfig config = MixerModels.ConfigOf(name);
        Asking weights = new(new RandomWeights(1, 2));
        _ = new TransformerBlock(config, weights.Scope("blocks.0"), 0, rotary: null, biases: null);
        ModelLayer[] layers = [.. ModelLayer.Mixer(config, "blocks.0.")];
        weights.Asked.Where(asked => asked.Name.Contains(".mixer.", StringComparison.Ordinal)).Order()
            .ShouldBe(layers.Select(layer => (layer.Name, layer.Count, layer.IsPlain)).Order());
        TransformerBlock block = new(config, new RandomWeights(1, 2).Scope("blocks").Scope("0"), 0, rotary: null, biases: null);
        foreach (ModelLayer layer in layers) block.LayerOfMixer(layer.Name["blocks.0.".Length..]).ShouldNotBeNull(layer.Name);
        block.Parameters("b").Sum(parameter => (long)parameter.Value.ElementCount)
            .ShouldBe(ModelLayer.Of(config with { NumLayers = 1 }).Where(layer => layer.Name.StartsWith("blocks", StringComparison.Ordinal)).Sum(layer => layer.Count));
    }

    [Theory, MemberData(nameof(BothWays))]
    public void Forward_OfModelsThatSeeBothWays_HangsOnWhatComes(string name)
    {
        Transformer model = MixerModels.Make(name);
        float[] before = MixerModels.Logits(model, s_tokens);
        int[] other = [.. s_tokens];
        other[^1] = 9;
        bool[] moved = [.. Enumerable.Range(0, s_tokens.Length).Select(i => !MixerModels.Logits(model, other).AsSpan(i * Vocab, Vocab).SequenceEqual(before.AsSpan(i * Vocab, Vocab)))];
        moved[..^1].ShouldContain(true);
        Should.Throw<NotSupportedException>(() => model.CreateCache());
    }

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void ModelFolder_OwnFormat_GivesTheModelBack(string name)
    {
        Transformer model = MixerModels.Make(name);
        string folder = Directory.CreateTempSubdirectory("heed-mixers-").FullName;
        try
        {
            ModelFolder.Write(model, folder);
            using Checkpoint checkpoint = Checkpoint.Open(folder);
            checkpoint.Config.ShouldBe(model.Config);
            MixerModels.Logits(new Transformer(checkpoint.Config, checkpoint.Weights(form: WeightForm.Dense)), s_tokens).ShouldBe(MixerModels.Logits(model, s_tokens));
            float[] frozen = MixerModels.Logits(new Transformer(checkpoint.Config, checkpoint.Weights()), s_tokens);
            frozen.Zip(MixerModels.Logits(model, s_tokens), (x, y) => Math.Abs(x - y)).Max().ShouldBeLessThan(1e-4f);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void ModelWeights_CopyTheModel(string name)
    {
        Transformer model = MixerModels.Make(name), copy = new(model.Config, new ModelWeights(model));
        MixerModels.Logits(copy, s_tokens).ShouldBe(MixerModels.Logits(model, s_tokens));
        foreach (ModelLayer layer in ModelLayer.Of(model.Config)) model.LayerOf(layer.Name).ShouldNotBeNull();
        Should.Throw<ArgumentException>(() => model.LayerOf("blocks.0.attention.qkv"));
        Should.Throw<InvalidOperationException>(() => model.Blocks[0].Attention);
    }

    [Fact]
    public void RandomWeights_MixersTensors_BeginAsTheirPapersSay()
    {
        Transformer mamba = new(MixerModels.ConfigOf("mamba"), new RandomWeights(1, 2));
        float[] Of(string name) => mamba.Parameters.Single(parameter => parameter.Name == $"blocks.1.{name}").Value.ToArray();
        Of(WeightNames.MambaLogA).ShouldBe(MambaMixer.LogRates(32, 3).ToArray());
        Of(WeightNames.MambaSkip).ShouldAllBe(value => value == 1);
        Of(WeightNames.MambaConvolutionBias).ShouldAllBe(value => value == 0);
        Of($"{WeightNames.MambaStep}.bias").ShouldAllBe(value => Math.Log(1 + Math.Exp(value)) > 0.0009 && Math.Log(1 + Math.Exp(value)) < 0.101);
        double Deviation(string name) => Math.Sqrt(Of(name).Average(value => (double)value * value));
        Deviation($"{WeightNames.MixerOutput}.weight").ShouldBe(0.02 / 2, 0.002);
        Deviation($"{WeightNames.MambaInput}.weight").ShouldBe(0.02, 0.003);
        Transformer full = new(MixerModels.ConfigOf("full"), new RandomWeights(1, 2));
        full.Parameters.Single(parameter => parameter.Name == "blocks.0.mixer.position").Value.ToArray().Average(value => Math.Abs((double)value)).ShouldBe(0.016, 0.004);
    }

    [Theory, InlineData("linformer"), InlineData("linformer-shared")]
    public void Block_OfLinformer_RunsOverWholeRowsAndLearns(string name)
    {
        ModelConfig config = MixerModels.ConfigOf(name);
        TransformerBlock block = new(config, new RandomWeights(1, 2).Scope("blocks").Scope("0"), 0, rotary: null, biases: null);
        Parameter[] parameters = [.. block.Parameters("b")];
        foreach (Parameter parameter in parameters) parameter.Value.RequiresGradient = true;
        Tensor x = Tensor.Normal(new Shape(2, 5, 16), new Random(2), 0, 1);
        GradientTape tape = new();
        Tensor y = block.Forward(x, new ForwardPass(new OwnRows(2, [0, 1, 2, 3, 4, 0, 1, 2, -1, -1], default, 0, seed: null)));
        tape.Backward(y.Slice(1, 0, 3).Square().Mean());
        tape.Dispose();
        parameters.ShouldAllBe(parameter => parameter.Value.Gradient!.ToArray().Any(slope => slope != 0));
        Tensor alone = block.Forward(x.Slice(0, 1, 1).Slice(1, 0, 3).Contiguous(), new ForwardPass(new OwnRows(1, [0, 1, 2], default, 0, seed: null)));
        alone.ToArray().ShouldBe(y.Slice(0, 1, 1).Slice(1, 0, 3).ToArray());
    }

    [Fact]
    public void Validate_WhatDoesNotFit_SaysWhy()
    {
        void Refuses(ModelConfig config, string expected) => Should.Throw<ArgumentException>(() => config.Validate()).Message.ShouldContain(expected);
        ModelConfig mamba = MixerModels.ConfigOf("mamba"), hard = MixerModels.ConfigOf("hard"), full = MixerModels.ConfigOf("full");
        Refuses(MixerModels.ConfigOf("linformer") with { Bidirectional = false }, "Linformer mixes the whole sequence");
        Refuses(mamba with { Positions = PositionKind.Rotary }, "set Positions to None, Learned or Sinusoidal");
        Refuses(mamba with { Positions = PositionKind.Alibi }, "Positions is Alibi");
        Refuses(mamba with { Bidirectional = true }, "sees nothing of what comes");
        Refuses(mamba with { AttentionTopK = 2 }, "AttentionTopK is set");
        Refuses(mamba with { Window = 5 }, "Window is set");
        Refuses(mamba with { QkNorm = true }, "QkNorm is set");
        Refuses(mamba with { AttentionSoftCap = 5 }, "AttentionSoftCap is set");
        Refuses(mamba with { AttentionScale = 5 }, "AttentionScale is set");
        Refuses(mamba with { MambaStateSize = 0 }, "MambaStateSize is 0");
        Refuses(mamba with { MambaExpansion = 0 }, "MambaExpansion is 0");
        Refuses(mamba with { MambaConvolutionWidth = 0 }, "MambaConvolutionWidth is 0");
        Refuses(hard with { HardChunk = 0 }, "HardChunk is 0");
        Refuses(hard with { NumKvHeads = 1 }, "the mixer Hard has no grouped heads");
        Refuses(full with { AftFactorSize = -1 }, "AftFactorSize is -1");
        Refuses(full with { AftWindow = 0 }, "AftWindow is 0");
        Refuses(full with { Mixer = (MixerKind)9 }, "MixerKind is 9; expected one of Attention, AftFull");
        (mamba with { NumKvHeads = 1 }).Validate();
    }

    [Fact]
    public void Others_ThatNeedAttention_Refuse()
    {
        Transformer model = MixerModels.Make("mamba");
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.CheckExportable(model.Config)).Message.ShouldContain("Mixer is Mamba");
        Should.Throw<ArgumentException>(() => GroupedHeads.MeanPool(model, 1)).Message.ShouldContain("Mixer is Mamba");
        LoraConfig queries = new() { Rank = 2, Targets = ["q_proj"] };
        Should.Throw<ArgumentException>(() => new LoraWeights(new ModelWeights(model), model.Config, queries)).Message.ShouldContain("none of the targets q_proj");
        Transformer adapted = new(model.Config, new LoraWeights(new ModelWeights(model), model.Config, queries with { Targets = LoraConfig.AllTargets }));
        adapted.Parameters.Count.ShouldBe(2 * 2 * 3);
        MixerModels.Logits(adapted, s_tokens).ShouldBe(MixerModels.Logits(model, s_tokens));
    }

    /// <summary>Remembers what it was asked for.</summary>
    private sealed class Asking(IWeightSource inner, string prefix = "", List<(string, long, bool)>? asked = null) : IWeightSource
    {
        public List<(string Name, long Count, bool IsPlain)> Asked { get; } = asked ?? [];

        public Device Device => inner.Device;

        public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
        {
            Asked.Add((prefix + name, (long)inFeatures * outFeatures + (bias ? outFeatures : 0), false));
            return inner.Linear(name, inFeatures, outFeatures, bias, slice);
        }

        public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null) => inner.Embedding(name, count, dim, slice);

        public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null)
        {
            Asked.Add((prefix + name, shape.ElementCount, true));
            return inner.Tensor(name, shape, slice);
        }

        public IWeightSource Scope(string scope) => new Asking(inner.Scope(scope), $"{prefix}{scope}.", Asked);
    }
}
