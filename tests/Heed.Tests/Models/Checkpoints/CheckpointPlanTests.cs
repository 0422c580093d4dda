using System.Text.Json.Nodes;
using Heed.Formats;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models.Checkpoints;

/// <summary>A checkpoint's tensors are exactly those of its model, or it does not open.</summary>
public class CheckpointPlanTests
{
    private const string Up = "model.layers.1.mlp.up_proj.weight";

    public static TheoryData<string> Families() =>
        [.. Directory.EnumerateDirectories(TestData.Golden("models")).Select(path => Path.GetFileName(path)).Where(name => !name.StartsWith("llama2c", StringComparison.Ordinal))];

    [Fact]
    public void Row52_Open_TensorAbsent_IsNamedWithItsShape()
    {
        using ModelFolder folder = new ModelFolder().Remove(Up);
        FileFormatException error = Should.Throw<FileFormatException>(folder.Open);
        error.Item.ShouldBe(Up);
        error.Message.ShouldContain("is absent; expected shape [96, 32]");
    }

    [Fact]
    public void Row52_Open_TensorLeftOver_IsNamed()
    {
        using ModelFolder folder = new ModelFolder().Put("model.layers.0.self_attn.q_proj.bias", WeightType.F32, [32], new byte[128]);
        FileFormatException error = Should.Throw<FileFormatException>(folder.Open);
        error.Item.ShouldBe("model.layers.0.self_attn.q_proj.bias");
        error.Message.ShouldContain("no part of a llama model");
    }

    [Fact]
    public void Row52_Open_TensorMisshapen_IsNamedWithBothShapes()
    {
        using ModelFolder folder = new ModelFolder().Reshape(Up, 32, 96);
        FileFormatException error = Should.Throw<FileFormatException>(folder.Open);
        error.Item.ShouldBe(Up);
        error.Message.ShouldContain("has shape [32, 96]; expected [96, 32]");
    }

    [Fact]
    public void Row52_Open_TensorOfIntegers_IsNamedWithItsType()
    {
        using ModelFolder folder = new ModelFolder().Put(Up, WeightType.I8, [96, 32], new byte[96 * 32]);
        FileFormatException error = Should.Throw<FileFormatException>(folder.Open);
        error.Item.ShouldBe(Up);
        error.Message.ShouldContain("has type I8");
    }

    [Fact]
    public void Row52_Open_SeveralProblems_AreAllNamed()
    {
        using ModelFolder folder = new ModelFolder().Remove(Up).Remove("model.norm.weight").Reshape("lm_head.weight", 32, 67)
            .Put("extra", WeightType.F32, [1], new byte[4]);
        FileFormatException error = Should.Throw<FileFormatException>(folder.Open);
        foreach (string part in (string[])["4 tensors", Up, "model.norm.weight", "lm_head.weight", "'extra' of shape [1]"]) error.Message.ShouldContain(part);
    }

    [Fact]
    public void Open_ManyProblems_AreCut()
    {
        using ModelFolder folder = new();
        foreach (string name in folder.TensorNames.Where(name => name.Contains(".layers.", StringComparison.Ordinal)).ToArray()) folder.Remove(name);
        Should.Throw<FileFormatException>(folder.Open).Message.ShouldContain("and 6 more");
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.rotary_emb.inv_freq.bak"), InlineData("rotary_emb.inv_freq"), InlineData("model.layers.0.attn.bias")]
    public void Open_NearlyHarmlessName_IsLeftOver(string name)
    {
        using ModelFolder folder = new ModelFolder().Put(name, WeightType.F32, [4], new byte[16]);
        Should.Throw<FileFormatException>(folder.Open).Item.ShouldBe(name);
    }

    [Fact]
    public void Row28_Open_Untied_NeedsItsOutput()
    {
        using ModelFolder folder = new ModelFolder().Remove("lm_head.weight");
        Should.Throw<FileFormatException>(folder.Open).Item.ShouldBe("lm_head.weight");
        folder.Set("tie_word_embeddings", value: true);
        using Checkpoint tied = folder.Open();
        tied.Config.TieEmbeddings.ShouldBeTrue();
    }

    [Fact]
    public void Row28_Open_TiedTableStoredTwice_IsIgnored()
    {
        using ModelFolder folder = new ModelFolder("llama-gqa").Copy("model.embed_tokens.weight", "lm_head.weight");
        using Checkpoint checkpoint = folder.Open();
        checkpoint.Config.TieEmbeddings.ShouldBeTrue();
    }

    [Fact]
    public void Row28_Open_TiedWithAnotherOutput_UsesThatOutput()
    {
        GoldenModel golden = new("llama-gqa");
        using ModelFolder folder = new ModelFolder("llama-gqa").Copy("model.embed_tokens.weight", "lm_head.weight", bytes => Array.Clear(bytes, 0, 128));
        using Checkpoint checkpoint = folder.Open();
        checkpoint.Config.TieEmbeddings.ShouldBeFalse();
        float[] logits = GoldenModel.Forward(GoldenModel.Build(checkpoint), golden.Prompt), expected = golden.Logits()[0];
        logits[0].ShouldBe(0);
        expected[0] = 0;
        GoldenModel.Error(logits.AsSpan(0, 67), expected.AsSpan(0, 67)).ShouldBeLessThan(1e-4);
    }

    [Theory]
    [InlineData(16_384), InlineData(10_000)]
    public void Open_ImpossiblyManyLayers_FailsBeforeAllocating(int layers)
    {
        using ModelFolder folder = new ModelFolder().Set("num_hidden_layers", layers);
        folder.Write();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<FileFormatException>(() => Checkpoint.Open(folder.Root)).Message.ShouldContain($"says {layers} layers");
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(4 << 20);
    }

    [Theory]
    [InlineData("hidden_size"), InlineData("vocab_size"), InlineData("intermediate_size"), InlineData("num_attention_heads"), InlineData("head_dim")]
    public void Open_ImpossiblyLargeSize_FailsBeforeAllocating(string key)
    {
        using ModelFolder folder = new ModelFolder().Set(key, 2147483640);
        folder.Write();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<FileFormatException>(() => Checkpoint.Open(folder.Root));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(4 << 20);
    }

    /// <summary>The list that files are checked against must be what the model really asks for.</summary>
    [Theory, MemberData(nameof(Families))]
    public void ModelLayers_EveryFamily_AreWhatTheTransformerAsksFor(string family)
    {
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel(family).PathOf(""));
        Recorder recorder = new();
        _ = new Transformer(checkpoint.Config, recorder);
        List<string> expected = [];
        foreach (ModelLayer layer in ModelLayer.Of(checkpoint.Config))
        {
            if (layer.Kind == ModelLayerKind.Norm)
            {
                expected.Add($"{layer.Name}.weight [{layer.Rows}]");
                if (layer.Bias) expected.Add($"{layer.Name}.bias [{layer.Rows}]");
            }
            else
            {
                expected.Add($"{layer.Name} [{layer.Rows}, {layer.Columns}]{(layer.Bias ? " bias" : "")}");
            }
        }
        recorder.Asked.Order().ShouldBe(expected.Order());
        checkpoint.Config.ParameterCount().ShouldBe(ModelLayer.Of(checkpoint.Config).Sum(layer => layer.Rows * layer.Columns + (layer.Bias ? layer.Rows : 0)));
    }

    private sealed class Recorder(string prefix = "", List<string>? asked = null) : IWeightSource
    {
        private readonly RandomWeights _random = new(1);

        public List<string> Asked { get; } = asked ?? [];

        public Device Device => _random.Device;

        public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
        {
            Asked.Add($"{prefix}{name} [{outFeatures}, {inFeatures}]{(bias ? " bias" : "")}");
            return _random.Linear(name, inFeatures, outFeatures, bias, slice);
        }

        public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null)
        {
            Asked.Add($"{prefix}{name} [{count}, {dim}]");
            return _random.Embedding(name, count, dim, slice);
        }

        public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null)
        {
            Asked.Add($"{prefix}{name} {shape}");
            return _random.Tensor(name, shape, slice);
        }

        public IWeightSource Scope(string scope) => new Recorder($"{prefix}{scope}.", Asked);
    }
}
