using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;
using Folder = Heed.Models.Checkpoints.ModelFolder;

namespace Heed.Tests.Models;

/// <summary>Values of another size than keys: counts, files, adapters, pooled heads, and settings that make no model.</summary>
public sealed class ValueHeadConfigTests : IDisposable
{
    private static readonly int[] s_tokens = MixerModels.Tokens;
    private readonly TempFolder _temp = new();

    public static TheoryData<string> Names => ValueHeadModels.Names;

    public void Dispose() => _temp.Dispose();

    [Theory, MemberData(nameof(Names))]
    public void ParameterCount_IsTheModels(string name)
    {
        ModelConfig config = ValueHeadModels.ConfigOf(name);
        foreach (ModelConfig model in new[] { config, config.WithEncoder(1), config with { Bidirectional = true } })
            new Transformer(model, new RandomWeights(1)).Parameters.Sum(parameter => (long)parameter.Value.ElementCount).ShouldBe(model.ParameterCount());
    }

    [Theory]
    [InlineData(0), InlineData(-1), InlineData(65537), InlineData(int.MaxValue), InlineData(int.MinValue)]
    public void Validate_NoSize_IsNamed(int size) =>
        Should.Throw<ArgumentException>(() => (ValueHeadModels.ConfigOf("larger") with { ValueHeadDim = size }).Validate()).Message.ShouldBe($"ModelConfig: ValueHeadDim is {size}; expected 1 to 65536.");

    [Fact]
    public void Validate_OtherMixers_RefuseIt()
    {
        foreach (string name in new[] { "full", "hard", "mamba", "linformer" })
            Should.Throw<ArgumentException>(() => (MixerModels.ConfigOf(name) with { ValueHeadDim = 4 }).Validate()).Message
                .ShouldBe($"ModelConfig: ValueHeadDim is set, which is attention's, and Mixer is {MixerModels.ConfigOf(name).Mixer}; leave ValueHeadDim as it is by default.");
    }

    [Theory, MemberData(nameof(Names))]
    public void Folder_WrittenAndOpened_HasTheBits(string name)
    {
        Transformer model = ValueHeadModels.Make(name);
        Folder.WhyOwnFormat(model.Config).ShouldNotBeNull();
        Folder.Write(model, _temp.Root, new HuggingFaceExportOptions { WeightType = WeightType.F32 });
        using Checkpoint checkpoint = Checkpoint.Open(_temp.Root);
        checkpoint.Config.ShouldBe(model.Config);
        MixerModels.Logits(new Transformer(checkpoint.Config, checkpoint.Weights(form: WeightForm.Dense)), s_tokens).ShouldBe(MixerModels.Logits(model, s_tokens));
    }

    [Fact]
    public void WhyOwnFormat_TheSameSizeByName_IsNone()
    {
        ModelConfig config = ValueHeadModels.ConfigOf("larger");
        Folder.WhyOwnFormat(config with { ValueHeadDim = 4 }).ShouldBe(Folder.WhyOwnFormat(config with { ValueHeadDim = null }));
        Folder.WhyOwnFormat(config)!.ShouldContain("ValueHeadDim is 7, and llama models say 4");
    }

    [Theory]
    [InlineData("0", "ValueHeadDim is 0; expected 1 to 65536"), InlineData("99999", "ValueHeadDim is 99999; expected 1 to 65536"), InlineData("6", "blocks.0.attention.qkv.weight"), InlineData("\"7\"", "value_head_dim")]
    public void Open_HostileSize_IsRefused(string size, string expected)
    {
        Folder.Write(ValueHeadModels.Make("larger"), _temp.Root, new HuggingFaceExportOptions { WeightType = WeightType.F32 });
        string path = _temp.File("config.json"), text = File.ReadAllText(path);
        text.ShouldContain("\"value_head_dim\": 7");
        File.WriteAllText(path, text.Replace("\"value_head_dim\": 7", $"\"value_head_dim\": {size}", StringComparison.Ordinal));
        Should.Throw<FileFormatException>(() => Checkpoint.Open(_temp.Root)).Message.ShouldContain(expected, Case.Insensitive);
    }

    /// <summary>GGUF says both sizes; its rows of queries and keys lie in another order, and those of values stay.</summary>
    [Theory]
    [InlineData(RopeLayout.HalfSplit), InlineData(RopeLayout.Interleaved)]
    public void Gguf_WrittenAndOpened_HasTheSizeAndTheLogits(RopeLayout layout)
    {
        Transformer model = MixerModels.Make(ValueHeadModels.ConfigOf("larger") with { RopeLayout = layout });
        QuantizationRecipe.TryFind("f32", out QuantizationRecipe? recipe);
        GgufExport.Write(model, _temp.File("m.gguf"), new GgufExportOptions { Recipe = recipe! });
        using Checkpoint checkpoint = Checkpoint.Open(_temp.File("m.gguf"));
        (checkpoint.Config.HeadSize, checkpoint.Config.ValueHeadDim).ShouldBe((4, 7));
        GoldenModel.Error(GoldenModel.Forward(new Transformer(checkpoint.Config, checkpoint.Weights()), s_tokens), GoldenModel.Forward(model, s_tokens)).ShouldBeLessThan(1e-5);
    }

    [Theory, InlineData(2), InlineData(1)]
    public void MeanPool_Heads_AreTheMeansOfNeighbours(int kvHeads)
    {
        ModelConfig config = ValueHeadModels.ConfigOf("longformer") with { NumKvHeads = 4 };
        Transformer model = MixerModels.Make(config), pooled = GroupedHeads.MeanPool(model, kvHeads);
        pooled.Parameters.Sum(parameter => (long)parameter.Value.ElementCount).ShouldBe(pooled.Config.ParameterCount());
        float[] before = ((DenseLinear)model.Blocks[1].Attention.Qkv).Weight.ToArray(), after = ((DenseLinear)pooled.Blocks[1].Attention.Qkv).Weight.ToArray();
        const int Hidden = 16, Keys = 4 * 4, OldValues = Keys + 4 * 4;
        int group = 4 / kvHeads, values = Keys + kvHeads * 4;
        after[..(Keys * Hidden)].ShouldBe(before[..(Keys * Hidden)]);
        for (int row = 0; row < kvHeads * 7; row++)
            for (int column = 0; column < Hidden; column++)
                ((double)after[(values + row) * Hidden + column]).ShouldBe(
                    Enumerable.Range(0, group).Average(i => before[(OldValues + (row / 7 * group + i) * 7 + row % 7) * Hidden + column]), 1e-6, $"value row {row}");
        GroupedHeads.MeanPool(model, 4).Forward(s_tokens).ToArray().ShouldBe(model.Forward(s_tokens).ToArray());
    }

    [Fact]
    public void LoraAdapters_OfEveryTarget_HaveTheRowsOfTheirHeads()
    {
        ModelConfig config = ValueHeadModels.ConfigOf("larger");
        Transformer plain = MixerModels.Make(config);
        LoraConfig lora = new() { Rank = 2, Targets = ["q_proj", "k_proj", "v_proj", "o_proj"] };
        Transformer model = new(config, new LoraWeights(new ModelWeights(plain), config, lora));
        model.Forward(s_tokens).ToArray().ShouldBe(plain.Forward(s_tokens).ToArray());
        Parameter[] adapters = [.. model.Parameters.Where(parameter => parameter.IsAdapter && parameter.Name.StartsWith("blocks.0.", StringComparison.Ordinal))];
        int[] outer = [.. adapters.Select(parameter => parameter.Value.Shape[0]).Where(count => count != 2).Order()], inner = [.. adapters.Select(parameter => parameter.Value.Shape[1])];
        outer.ShouldBe([8, 14, 16, 16], "k, v, q and the output's");
        inner.ShouldContain(28, "the output layer reads four heads of values");
        // Merged, an adapter of the values moves their rows alone.
        Random random = new(2);
        foreach (Parameter parameter in model.Parameters.Where(parameter => parameter.IsAdapter && parameter.Value.Shape[0] == 14))
            parameter.Value.Assign(Tensor.Normal(parameter.Value.Shape, random));
        Transformer merged = Lora.Merge(model);
        float[] expected = model.Forward(s_tokens).ToArray(), found = merged.Forward(s_tokens).ToArray();
        for (int i = 0; i < expected.Length; i++) found[i].ShouldBe(expected[i], 1e-4f * (1 + Math.Abs(expected[i])));
        float[] rows = ((DenseLinear)merged.Blocks[0].Attention.Qkv).Weight.ToArray(), old = ((DenseLinear)plain.Blocks[0].Attention.Qkv).Weight.ToArray();
        rows[..(24 * 16)].ShouldBe(old[..(24 * 16)]);
        rows[(24 * 16)..].ShouldNotBe(old[(24 * 16)..]);
    }

    [Fact]
    public void SyntheticWeights_OfMixedTypes_FitTheModel()
    {
        ModelConfig config = ValueHeadModels.ConfigOf("larger") with { HiddenSize = 256, IntermediateSize = 256, NumLayers = 8, HeadDim = 32, ValueHeadDim = 64 };
        QuantizationRecipe.TryFind("q4_k_m", out QuantizationRecipe? recipe);
        using SyntheticWeights weights = new(config, recipe!);
        new Transformer(config, weights).Forward(s_tokens).ToArray().ShouldAllBe(logit => float.IsFinite(logit));
    }

    [Theory]
    [InlineData(null), InlineData(7)]
    public void CacheBytes_BesideAnEncoder_AreThoseOfACache(int? valueDim)
    {
        ModelConfig config = (ValueHeadModels.ConfigOf("larger") with { ValueHeadDim = valueDim }).WithEncoder(1);
        Transformer model = MixerModels.Make(config);
        using KvCache cache = model.CreateCache(maxPositions: 9);
        foreach (int source in new[] { 5, 16, 17, 24 })
        {
            model.Encode(new SourceRows(Enumerable.Range(0, source).Select(token => token % 13).ToArray()), cache);
            model.Forward(s_tokens.AsSpan(0, 9), cache);
            config.CacheBytes(9, source).ShouldBe(cache.Bytes, $"a source of {source}");
        }
        config.CacheBytes(9).ShouldBe(config.CacheBytes(9, 24), "the whole context of the encoder");
        config.CacheBytes(9, 0).ShouldBe((config with { Encoder = null }).CacheBytes(9));
        Should.Throw<ArgumentOutOfRangeException>(() => config.CacheBytes(9, 25)).ParamName.ShouldBe("sourceTokens");
        Should.Throw<ArgumentOutOfRangeException>(() => config.CacheBytes(9, -1)).ParamName.ShouldBe("sourceTokens");
        Should.Throw<ArgumentOutOfRangeException>(() => (config with { Encoder = null }).CacheBytes(9, 1)).ParamName.ShouldBe("sourceTokens");
    }
}
