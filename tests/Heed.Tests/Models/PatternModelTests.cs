using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Models with sparse attention and with sinks: the forward pass with and without a cache, and what is made of them.</summary>
public sealed class PatternModelTests
{
    private const int Vocab = 13;
    private static readonly int[] s_tokens = MixerModels.Tokens;

    public static TheoryData<string> Causal => PatternModels.Causal;

    public static TheoryData<string> BothWays => PatternModels.BothWays;

    [Theory, MemberData(nameof(Causal))]
    public void Forward_CachedInChunks_HasTheBitsOfTheFullForward(string name)
    {
        Transformer model = PatternModels.Make(name);
        float[] full = MixerModels.Logits(model, s_tokens);
        using KvCache cache = model.CreateCache();
        foreach (int chunk in new[] { 1, 2, 3, 5 })
        {
            cache.Clear();
            for (int i = 0; i < s_tokens.Length; i += chunk)
            {
                int count = Math.Min(chunk, s_tokens.Length - i);
                model.Forward(s_tokens.AsSpan(i, count), cache, rows: LogitRows.All).ToArray().ShouldBe(full.AsSpan(i * Vocab, count * Vocab).ToArray(), $"chunks of {chunk}, {i}");
            }
        }
        // Cut back into the middle of the global tokens, and on with others.
        cache.Truncate(0, 1);
        int[] other = [s_tokens[0], .. s_tokens[5..12]];
        model.Forward(other.AsSpan(1), cache, rows: LogitRows.All).ToArray().ShouldBe(MixerModels.Logits(model, other)[Vocab..]);
    }

    [Theory, InlineData("longformer"), InlineData("dilated"), InlineData("bigbird"), InlineData("local"), InlineData("relative-top-k")]
    public void Forward_LongTextInACache_HasTheBitsOfTheFullForward(string name)
    {
        ModelConfig config = PatternModels.ConfigOf(name) with { MaxSeqLen = 400, LongformerWindow = 20, BigBirdBlock = 16, LocalBlock = 50, GlobalTokens = name == "dilated" ? 70 : 2, AttentionTopK = name == "relative-top-k" ? 9 : 0 };
        Transformer model = MixerModels.Make(config);
        Random random = new(4);
        int[] tokens = [.. Enumerable.Range(0, 333).Select(_ => random.Next(Vocab))];
        float[] full = MixerModels.Logits(model, tokens), own = PatternModels.OwnLogits(model, tokens);
        for (int i = 0; i < full.Length; i++) own[i].ShouldBe(full[i], 2e-4f, $"token {i / Vocab}");
        using KvCache cache = model.CreateCache();
        for (int i = 0; i < tokens.Length;)
        {
            int count = i < 200 ? Math.Min(37, tokens.Length - i) : 1;
            model.Forward(tokens.AsSpan(i, count), cache, rows: LogitRows.All).ToArray().ShouldBe(full.AsSpan(i * Vocab, count * Vocab).ToArray(), $"token {i}");
            i += count;
        }
    }

    [Theory, MemberData(nameof(Causal))]
    public void Forward_AfterAChange_KeepsTheBitsOfWhatCameBefore(string name)
    {
        Transformer model = PatternModels.Make(name);
        float[] before = MixerModels.Logits(model, s_tokens), own = PatternModels.OwnLogits(model, s_tokens);
        foreach (int changed in new[] { 1, 7, 15 })
        {
            int[] other = [.. s_tokens];
            other[changed] = (other[changed] + 1) % Vocab;
            float[] after = MixerModels.Logits(model, other);
            after[..(changed * Vocab)].ShouldBe(before[..(changed * Vocab)]);
            after[(changed * Vocab)..].ShouldNotBe(before[(changed * Vocab)..]);
            PatternModels.OwnLogits(model, other)[..(changed * Vocab)].ShouldBe(own[..(changed * Vocab)]);
        }
    }

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void Forward_OfTrainingAndOnBothDevices_Agree(string name)
    {
        Transformer exact = PatternModels.Make(name, Device.Reference), fast = PatternModels.Make(name);
        float[] expected = MixerModels.Logits(exact, s_tokens);
        foreach (float[] found in new[] { PatternModels.OwnLogits(exact, s_tokens), MixerModels.Logits(fast, s_tokens), PatternModels.OwnLogits(fast, s_tokens) })
            for (int i = 0; i < expected.Length; i++) found[i].ShouldBe(expected[i], 1e-4f);
    }

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void Forward_RowsOfABatch_EqualSingleRowsAlsoWithPadding(string name)
    {
        Transformer model = PatternModels.Make(name);
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
        Transformer model = PatternModels.Make(name);
        int[] a = s_tokens[..6], b = s_tokens[4..12];
        float[] first = MixerModels.Logits(model, a), second = MixerModels.Logits(model, b);
        using KvCache cache = model.CreateCache(batch: 2);
        // The first row has read one token, less than there are global ones; the second five.
        float[] prompt = model.Forward([9, 9, 9, 9, a[0], .. b[..5]], cache, [-1, -1, -1, -1, 0, 0, 1, 2, 3, 4], rows: LogitRows.All).ToArray();
        prompt[(4 * Vocab)..(5 * Vocab)].ShouldBe(first[..Vocab]);
        prompt[(5 * Vocab)..].ShouldBe(second[..(5 * Vocab)]);
        float[] more = model.Forward([.. a[1..4], .. b[5..]], cache, rows: LogitRows.All).ToArray();
        more.ShouldBe([.. first[Vocab..(4 * Vocab)], .. second[(5 * Vocab)..]]);
        cache.Truncate(0, 0);
        model.Forward([a[0], 9], cache, [0, -1], rows: LogitRows.All).ToArray()[..Vocab].ShouldBe(first[..Vocab]);
        (cache.Length(0), cache.Length(1)).ShouldBe((1, 8));
        cache.Bytes.ShouldBeGreaterThan(0);
    }

    /// <summary>Which tokens hang on which: those of the window, and the global one for and from all.</summary>
    [Fact]
    public void Forward_Longformer_ReachesAsFarAsItsWindowsAndGlobalTokens()
    {
        Transformer model = MixerModels.Make(PatternModels.ConfigOf("longformer") with { NumLayers = 1, LongformerWindow = 3, GlobalTokens = 1 });
        float[] before = MixerModels.Logits(model, s_tokens);
        int[] other = [.. s_tokens];
        other[5] = 9;
        Moved(MixerModels.Logits(model, other), before).ShouldBe([.. Enumerable.Range(5, 4)]);
        other[5] = s_tokens[5];
        other[0] = 9;
        Moved(MixerModels.Logits(model, other), before).ShouldBe([.. Enumerable.Range(0, 16)], "the global token is seen by all");
        Transformer encoder = MixerModels.Make(PatternModels.ConfigOf("longformer-both-ways") with { NumLayers = 1, LongformerWindow = 3, GlobalTokens = 1 });
        before = MixerModels.Logits(encoder, s_tokens);
        other[0] = s_tokens[0];
        other[12] = 9;
        Moved(MixerModels.Logits(encoder, other), before).ShouldBe([0, .. Enumerable.Range(9, 7)], "and sees all");
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Forward_PatternsOverEverything_AreFullAttention(bool bothWays)
    {
        ModelConfig plain = PatternModels.ConfigOf("sinks") with { AttentionSinks = false, Window = 0, Bidirectional = bothWays };
        Transformer full = MixerModels.Make(plain);
        float[] expected = MixerModels.Logits(full, s_tokens);
        ModelConfig longformer = plain with { AttentionPattern = AttentionPatternKind.Longformer, LongformerWindow = 16, GlobalTokens = 3 };
        Near(new Transformer(longformer, new WithGlobals(new ModelWeights(full), plain)));
        Near(new Transformer(longformer with { GlobalsShared = true, LongformerWindow = 24 }, new ModelWeights(full)));
        Near(new Transformer(plain with { AttentionPattern = AttentionPatternKind.BigBird, BigBirdBlock = 4, BigBirdWindow = 7 }, new ModelWeights(full)));
        Near(new Transformer(plain with { AttentionPattern = AttentionPatternKind.Local, LocalBlock = 24 }, new ModelWeights(full)));

        void Near(Transformer model)
        {
            float[] found = MixerModels.Logits(model, s_tokens);
            for (int i = 0; i < expected.Length; i++) found[i].ShouldBe(expected[i], 1e-5f);
        }
    }

    [Fact]
    public void Forward_SinksFarBelowTheScores_AreFullAttention()
    {
        ModelConfig config = PatternModels.ConfigOf("sinks");
        Transformer model = PatternModels.Make("sinks"), plain = new(config with { AttentionSinks = false }, new ModelWeights(model));
        MixerModels.Logits(model, s_tokens).ShouldNotBe(MixerModels.Logits(plain, s_tokens));
        foreach (TransformerBlock block in model.Blocks) block.Attention.Sinks!.Assign(Tensor.Full(new Shape(2), -80));
        MixerModels.Logits(model, s_tokens).ShouldBe(MixerModels.Logits(plain, s_tokens));
        Transformer fresh = new(config, new RandomWeights(1));
        fresh.Blocks[1].Attention.Sinks!.ToArray().ShouldBe([0, 0]);
        fresh.Parameters.ShouldContain(parameter => parameter.Name == "blocks.1.attention.sinks");
    }

    [Fact]
    public void BigBird_Layers_DrawOtherBlocks()
    {
        Transformer model = MixerModels.Make(PatternModels.ConfigOf("bigbird") with { MaxSeqLen = 64, BigBirdBlock = 1 });
        bool[,] first = model.Blocks[0].Attention.Pattern!.Mask.ToMatrix(64, 64), second = model.Blocks[1].Attention.Pattern!.Mask.ToMatrix(64, 64);
        first.Cast<bool>().ShouldNotBe(second.Cast<bool>());
        model.Blocks[1].Attention.Pattern!.Mask.ShouldBe(AttentionMask.BlockSparse(1, 1, 1, 1, seed: 8));
    }

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void AttentionMaps_OfEveryKind_HaveAllWeights(string name)
    {
        Transformer model = MixerModels.Make(PatternModels.ConfigOf(name) with { AttentionSinks = false });
        AttentionMaps maps = AttentionMaps.Of(model, s_tokens);
        foreach (int layer in maps.Layers)
        {
            float[] weights = maps.Weights(layer, 1).ToArray();
            for (int query = 0; query < 16; query++) weights[(query * 16)..(query * 16 + 16)].Sum(p => (double)p).ShouldBe(1, 1e-5, $"layer {layer}, query {query}");
            // What the first query sees behind itself.
            (weights[1..16].Max() > 0).ShouldBe(model.Config.Bidirectional, $"layer {layer}");
            maps.Entropy(layer, 1).ShouldBe(weights.Where(p => p > 0).Sum(p => -p * Math.Log(p)) / 16, 1e-9);
        }
        if (name == "longformer-both-ways") maps.Weights(0, 0)[15].ShouldBeGreaterThan(0, "the global token sees the last one");
    }

    [Theory, MemberData(nameof(Causal)), MemberData(nameof(BothWays))]
    public void ModelFolder_OwnFormat_GivesTheModelBack(string name)
    {
        Transformer model = PatternModels.Make(name);
        model.Config.ParameterCount().ShouldBe(model.Parameters.Sum(parameter => (long)parameter.Value.ElementCount));
        ModelLayer.Of(model.Config).Sum(layer => layer.Count).ShouldBe(model.Config.ParameterCount());
        string folder = Directory.CreateTempSubdirectory("heed-patterns-").FullName;
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

    [Theory, MemberData(nameof(Causal))]
    public void ModelWeightsAndAdapters_KeepTheModel(string name)
    {
        Transformer model = PatternModels.Make(name), copy = new(model.Config, new ModelWeights(model));
        MixerModels.Logits(copy, s_tokens).ShouldBe(MixerModels.Logits(model, s_tokens));
        LoraConfig lora = new() { Rank = 2, Targets = LoraConfig.AllTargets };
        Transformer adapted = new(model.Config, new LoraWeights(new ModelWeights(model), model.Config, lora));
        MixerModels.Logits(adapted, s_tokens).ShouldBe(MixerModels.Logits(model, s_tokens));
        adapted.Parameters.ShouldAllBe(parameter => parameter.IsAdapter);
    }

    [Fact]
    public void MeanPool_OfALongformer_PoolsWhatGlobalTokensSeeToo()
    {
        Transformer model = MixerModels.Make(PatternModels.ConfigOf("longformer") with { NumKvHeads = null, AttentionSinks = true });
        Transformer pooled = GroupedHeads.MeanPool(model, 1);
        Linear before = model.Blocks[0].Attention.Pattern!.Globals!.KeyValue, after = pooled.Blocks[0].Attention.Pattern!.Globals!.KeyValue;
        float[] old = ((DenseLinear)before).Weight.ToArray(), mean = ((DenseLinear)after).Weight.ToArray();
        mean.Length.ShouldBe(old.Length / 2);
        for (int i = 0; i < 8 * 16; i++)
        {
            mean[i].ShouldBe((old[i] + old[i + 8 * 16]) / 2, 1e-6f);
            mean[i + 8 * 16].ShouldBe((old[i + 16 * 16] + old[i + 24 * 16]) / 2, 1e-6f);
        }
        MixerModels.Logits(pooled, s_tokens).ShouldAllBe(logit => float.IsFinite(logit));
    }

    [Fact]
    public void Validate_WhatDoesNotFit_SaysWhy()
    {
        void Refuses(ModelConfig config, string expected) => Should.Throw<ArgumentException>(() => config.Validate()).Message.ShouldContain(expected);
        ModelConfig longformer = PatternModels.ConfigOf("longformer"), bigbird = PatternModels.ConfigOf("bigbird");
        Refuses(longformer with { Window = 5 }, "Window is 5 and AttentionPattern Longformer, which has a window of its own; leave Window at 0 and set LongformerWindow");
        Refuses(bigbird with { Window = 5 }, "set BigBirdWindow");
        Refuses(PatternModels.ConfigOf("local") with { Window = 5 }, "set LocalBlock");
        Refuses(PatternModels.ConfigOf("local") with { LocalBlock = 0 }, "LocalBlock is 0");
        Refuses(longformer with { AttentionPattern = (AttentionPatternKind)9 }, "AttentionPatternKind is 9; expected one of Full, Longformer, BigBird, Local");
        Refuses(longformer with { LongformerWindow = 0 }, "LongformerWindow is 0");
        Refuses(longformer with { LongformerDilation = 0 }, "LongformerDilation is 0");
        Refuses(longformer with { GlobalTokens = -1 }, "GlobalTokens is -1; expected 0 (none)");
        Refuses(bigbird with { BigBirdBlock = 0 }, "BigBirdBlock is 0");
        Refuses(bigbird with { BigBirdWindow = 2 }, "BigBirdWindow is 2; expected an odd number");
        Refuses(bigbird with { BigBirdGlobal = -1 }, "BigBirdGlobal is -1");
        Refuses(bigbird with { BigBirdRandom = -1 }, "BigBirdRandom is -1");
        ModelConfig mamba = longformer with { Mixer = MixerKind.Mamba, Positions = PositionKind.None };
        Refuses(mamba, "AttentionPattern is set, which is attention's");
        Refuses(mamba with { AttentionPattern = AttentionPatternKind.Full, AttentionSinks = true }, "AttentionSinks is set");
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.CheckExportable(longformer)).Message.ShouldContain("AttentionPattern is Longformer");
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.CheckExportable(PatternModels.ConfigOf("sinks"))).Message.ShouldContain("AttentionSinks");
    }

    private static int[] Moved(float[] after, float[] before) =>
        [.. Enumerable.Range(0, after.Length / Vocab).Where(i => !after.AsSpan(i * Vocab, Vocab).SequenceEqual(before.AsSpan(i * Vocab, Vocab)))];

    /// <summary>Gives global tokens the projections of all tokens.</summary>
    private sealed class WithGlobals(IWeightSource inner, ModelConfig config) : IWeightSource
    {
        public Device Device => inner.Device;

        public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
        {
            if (name is not (WeightNames.GlobalQuery or WeightNames.GlobalKeyValue)) return inner.Linear(name, inFeatures, outFeatures, bias, slice);
            int queries = config.NumHeads * config.HeadSize, first = name == WeightNames.GlobalQuery ? 0 : queries;
            Tensor qkv = ((DenseLinear)inner.Linear(WeightNames.Qkv, inFeatures, queries + 2 * config.KvHeads * config.HeadSize)).Weight;
            return new DenseLinear(MatrixSlice.Copy(slice, name, qkv.Slice(0, first, outFeatures)));
        }

        public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null) => inner.Embedding(name, count, dim, slice);

        public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null) => inner.Tensor(name, shape, slice);

        public IWeightSource Scope(string prefix) => new WithGlobals(inner.Scope(prefix), config);
    }
}
