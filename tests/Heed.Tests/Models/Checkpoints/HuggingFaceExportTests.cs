using System.Text.Json;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;

namespace Heed.Tests.Models.Checkpoints;

public class HuggingFaceExportTests
{
    private static readonly int[] s_tokens = [3, 17, 65, 0, 41, 41, 8, 60, 22];

    private static ModelConfig Gpt2 { get; } = new()
    {
        HiddenSize = 24,
        IntermediateSize = 96,
        NumLayers = 2,
        NumHeads = 3,
        VocabSize = 67,
        MaxSeqLen = 48,
        Norm = NormKind.Layer,
        Activation = Activation.GeluTanh,
        GatedFeedForward = false,
        TieEmbeddings = true,
        QkvBias = true,
        AttentionOutputBias = true,
        FeedForwardBias = true,
        Positions = PositionKind.Learned,
    };

    /// <summary>Half-split checkpoints only change their layout on the way through the model and back.</summary>
    [Theory]
    [InlineData("llama"), InlineData("llama-gqa"), InlineData("llama-bias"), InlineData("llama-f16"), InlineData("llama-bf16-sharded"), InlineData("llama3-scaled"), InlineData("llama-linear")]
    [InlineData("llama-ntk"), InlineData("llama-yarn"), InlineData("qwen2-yarn"), InlineData("mistral"), InlineData("qwen2"), InlineData("qwen2-window"), InlineData("qwen3")]
    [InlineData("phi3-partial"), InlineData("phi3")]
    public void Write_HalfSplit_LoadsWithTheSameLogitsBitForBit(string family)
    {
        using Checkpoint source = Checkpoint.Open(new GoldenModel(family).PathOf(""));
        CheckRoundTrip(GoldenModel.Build(source), tolerance: 0);
    }

    /// <summary>Phi-3's scaling keeps its factors, and Gemma's norms lose a bit when one is taken off and added again.</summary>
    [Theory]
    [InlineData("phi3-longrope"), InlineData("gemma2")]
    public void Write_Others_LoadWithNearlyTheSameLogits(string family)
    {
        using Checkpoint source = Checkpoint.Open(new GoldenModel(family).PathOf(""));
        CheckRoundTrip(GoldenModel.Build(source), tolerance: 1e-5);
    }

    /// <summary>Interleaved pairs become half-split: a score's products are summed in another order.</summary>
    [Theory]
    [InlineData("meta-llama", ""), InlineData("llama2c", "model_v0.bin"), InlineData("llama2c-untied", "model_v0.bin"), InlineData("llama2c", "model_q80_v2.bin")]
    public void Row18_Write_Interleaved_LoadsWithTheSameLogits(string family, string file)
    {
        using Checkpoint source = Checkpoint.Open(new GoldenModel(family).PathOf(file));
        CheckRoundTrip(GoldenModel.Build(source), tolerance: 1e-5);
    }

    [Fact]
    public void Row18_Write_MetaLayout_GivesTheHuggingFaceTensorsBack()
    {
        using TempFolder temp = new();
        using Checkpoint meta = Checkpoint.Open(new GoldenModel("meta-llama").PathOf("")), hf = Checkpoint.Open(new GoldenModel("llama").PathOf(""));
        HuggingFaceExport.Write(GoldenModel.Build(meta), temp.Root);
        using Checkpoint exported = Checkpoint.Open(temp.Root);
        foreach (Heed.Formats.StoredTensor tensor in exported.Files.Tensors)
        {
            hf.Files.TryGet(tensor.Name, out Heed.Formats.StoredTensor? original).ShouldBeTrue(tensor.Name);
            float[] a = new float[tensor.ElementCount], b = new float[original!.ElementCount];
            exported.Files.ReadFloats(tensor, 0, a);
            hf.Files.ReadFloats(original, 0, b);
            a.ShouldBe(b, tensor.Name);
        }
    }

    [Fact]
    public void Write_RandomModels_LoadWithTheSameLogits()
    {
        ModelConfig small = new()
        {
            HiddenSize = 64,
            IntermediateSize = 96,
            NumLayers = 2,
            NumHeads = 4,
            NumKvHeads = 2,
            VocabSize = 67,
            MaxSeqLen = 64,
            RopeLayout = RopeLayout.HalfSplit,
        };
        CheckRoundTrip(new Transformer(small, new RandomWeights(1)), 1e-6);
        CheckRoundTrip(new Transformer(small with { RopeLayout = RopeLayout.Interleaved, TieEmbeddings = true }, new RandomWeights(2)), 1e-5);
        CheckRoundTrip(new Transformer(small with { RopeLayout = RopeLayout.Interleaved, QkNorm = true, HeadDim = 32 }, new RandomWeights(3)), 1e-5);
        CheckRoundTrip(new Transformer(small with { RopeLayout = RopeLayout.Interleaved, QkvBias = true }, new RandomWeights(4)), 1e-5);
        CheckRoundTrip(new Transformer(small with { Window = 4 }, new RandomWeights(5)), 1e-6);
        CheckRoundTrip(new Transformer(small, new RandomWeights(6, device: Device.Reference)), 1e-5);
    }

    [Fact]
    public void Write_GgufWithFactors_FindsLlama3sRule()
    {
        using TempFolder temp = new();
        GgufBuilder gguf = new GgufBuilder().Key("general.architecture", "llama");
        ModelConfig config = new()
        {
            HiddenSize = 128,
            NumHeads = 2,
            NumLayers = 1,
            IntermediateSize = 32,
            VocabSize = 67,
            RopeTheta = 500000,
            MaxSeqLen = 1024,
            RopeScaling = new RopeScaling(RopeScalingKind.Llama3, 32, 8192),
            RopeLayout = RopeLayout.HalfSplit,
        };
        double[] plain = RopeFrequencies.Compute(64, 500000, RopeScaling.None, out _), scaled = RopeFrequencies.Compute(64, 500000, config.RopeScaling, out _);
        float[] factors = [.. plain.Select((f, i) => (float)(f / scaled[i]))];
        ModelConfig asGguf = config with { RopeScaling = RopeScaling.None with { FrequencyFactors = factors } };
        HuggingFaceExport.Write(new Transformer(asGguf, new RandomWeights(1)), temp.Root);
        using Checkpoint checkpoint = Checkpoint.Open(temp.Root);
        checkpoint.Config.RopeScaling.ShouldBe(config.RopeScaling);
        factors[5] *= 2;
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.Write(new Transformer(asGguf, new RandomWeights(1)), temp.File("other"))).Message.ShouldContain("Llama 3's rule");
    }

    [Fact]
    public void Write_Options_StandInBothConfigurations()
    {
        using TempFolder temp = new();
        string folder = temp.File("new/model");
        using Checkpoint source = Checkpoint.Open(new GoldenModel("llama").PathOf(""));
        HuggingFaceExport.Write(GoldenModel.Build(source), folder, new HuggingFaceExportOptions { BosToken = 1, EosTokens = [2, 3], PadToken = 0 });
        foreach (string name in (string[])["config.json", "generation_config.json"])
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, name)));
            json.RootElement.GetProperty("bos_token_id").GetInt32().ShouldBe(1);
            json.RootElement.GetProperty("pad_token_id").GetInt32().ShouldBe(0);
            json.RootElement.GetProperty("eos_token_id").EnumerateArray().Select(id => id.GetInt32()).ShouldBe([2, 3]);
        }
        Directory.GetFileSystemEntries(folder).Select(Path.GetFileName).Order().ShouldBe(["config.json", "generation_config.json", "model.safetensors"]);
        HuggingFaceExport.Write(GoldenModel.Build(source), folder);
        Directory.GetFileSystemEntries(folder).Length.ShouldBe(3);
    }

    [Theory]
    [InlineData("gpt2"), InlineData("gpt2-prefixed")]
    public void Write_Gpt2_GivesItsTensorsBackBitForBit(string family)
    {
        using TempFolder temp = new();
        using Checkpoint source = Checkpoint.Open(new GoldenModel(family).PathOf(""));
        Transformer model = GoldenModel.Build(source);
        HuggingFaceExport.Write(model, temp.Root);
        using Checkpoint exported = Checkpoint.Open(temp.Root);
        exported.Config.ShouldBe(source.Config);
        foreach (Heed.Formats.StoredTensor tensor in exported.Files.Tensors)
        {
            string name = family == "gpt2" ? tensor.Name["transformer.".Length..] : tensor.Name;
            source.Files.TryGet(name, out Heed.Formats.StoredTensor? original).ShouldBeTrue(name);
            original!.Shape.ShouldBe(tensor.Shape);
            float[] a = new float[tensor.ElementCount], b = new float[original.ElementCount];
            exported.Files.ReadFloats(tensor, 0, a);
            source.Files.ReadFloats(original, 0, b);
            a.ShouldBe(b, name);
        }
        GoldenModel.Forward(GoldenModel.Build(exported), s_tokens).ShouldBe(GoldenModel.Forward(model, s_tokens));
    }

    [Fact]
    public void Write_UntiedGpt2_LoadsWithTheSameLogits()
    {
        using TempFolder temp = new();
        Transformer model = new(Gpt2 with { TieEmbeddings = false, Activation = Activation.Relu, IntermediateSize = 40, RopeTheta = 5 }, new RandomWeights(3, 2));
        HuggingFaceExport.Write(model, temp.Root);
        using Checkpoint exported = Checkpoint.Open(temp.Root);
        exported.Config.TieEmbeddings.ShouldBeFalse();
        GoldenModel.Error(GoldenModel.Forward(GoldenModel.Build(exported), s_tokens), GoldenModel.Forward(model, s_tokens)).ShouldBeLessThan(1e-6);
    }

    [Theory]
    [InlineData(WeightType.F16, "float16"), InlineData(WeightType.BF16, "bfloat16"), InlineData(WeightType.F32, "float32")]
    public void Write_WeightType_StoresTheNearestNumbers(WeightType type, string name)
    {
        using TempFolder temp = new();
        using Checkpoint source = Checkpoint.Open(new GoldenModel("llama").PathOf(""));
        Transformer model = GoldenModel.Build(source);
        HuggingFaceExport.Write(model, temp.Root, new HuggingFaceExportOptions { WeightType = type });
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(temp.File("config.json")));
        json.RootElement.GetProperty("torch_dtype").GetString().ShouldBe(name);
        using Checkpoint exported = Checkpoint.Open(temp.Root);
        double share = type switch { WeightType.F16 => 1 / 2048.0, WeightType.BF16 => 1 / 256.0, _ => 0 };
        foreach (Heed.Formats.StoredTensor tensor in exported.Files.Tensors)
        {
            tensor.Type.ShouldBe(type);
            source.Files.TryGet(tensor.Name, out Heed.Formats.StoredTensor? original).ShouldBeTrue(tensor.Name);
            float[] a = new float[tensor.ElementCount], b = new float[original!.ElementCount];
            exported.Files.ReadFloats(tensor, 0, a);
            source.Files.ReadFloats(original, 0, b);
            // Half of the last bit; F16's numbers below 2^-14 have fewer.
            for (int i = 0; i < a.Length; i++) Math.Abs((double)a[i] - b[i]).ShouldBeLessThanOrEqualTo(Math.Abs(b[i]) * share + (type == WeightType.F16 ? 3e-8 : 0), tensor.Name);
        }
    }

    [Fact]
    public void Write_WeightTypeThatDoesNotFit_IsRefusedWithoutATrace()
    {
        using TempFolder temp = new();
        Transformer model = new(Gpt2, new RandomWeights(1));
        Should.Throw<ArgumentException>(() => HuggingFaceExport.Write(model, temp.File("m"), new HuggingFaceExportOptions { WeightType = WeightType.Q8_0 })).Message.ShouldContain("Q8_0; expected F32, F16 or BF16");
        ((LayerNorm)model.FinalNorm!).Weight.AsSpan()[3] = 70000;
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.Write(model, temp.Root, new HuggingFaceExportOptions { WeightType = WeightType.F16 })).Message.ShouldContain("'transformer.ln_f.weight' has the number 70000");
        Directory.GetFileSystemEntries(temp.Root).ShouldBeEmpty();
    }

    [Fact]
    public void CheckExportable_Configurations_AreToldApart()
    {
        HuggingFaceExport.CheckExportable(Gpt2);
        HuggingFaceExport.CheckExportable(new ModelConfig());
        Message(Gpt2 with { QkvBias = false }).ShouldContain("QkvBias is False, and gpt2 models say True");
        Message(Gpt2 with { GatedFeedForward = true }).ShouldContain("gated feed-forward parts together");
        Message(new ModelConfig { Norm = NormKind.Layer }).ShouldContain("Layer norms, Rotary positions");
        Message(new ModelConfig { LogitSoftCap = 30 }).ShouldContain("LogitSoftCap");
        Should.Throw<ArgumentException>(() => HuggingFaceExport.CheckExportable(new ModelConfig { HiddenSize = 0 })).Message.ShouldContain("HiddenSize");

        static string Message(ModelConfig config) => Should.Throw<NotSupportedException>(() => HuggingFaceExport.CheckExportable(config)).Message;
    }

    [Fact]
    public void Write_ConfigurationThatNoFamilyHas_NamesWhatWouldBeLost()
    {
        using TempFolder temp = new();
        ModelConfig config = new()
        {
            HiddenSize = 32,
            IntermediateSize = 48,
            NumLayers = 2,
            NumHeads = 4,
            VocabSize = 67,
            MaxSeqLen = 64,
            LogitSoftCap = 30,
            EmbeddingScale = 2,
        };
        string message = Should.Throw<NotSupportedException>(() => HuggingFaceExport.Write(new Transformer(config, new RandomWeights(1)), temp.Root)).Message;
        message.ShouldContain("LogitSoftCap is 30, and llama models say 0");
        message.ShouldContain("EmbeddingScale is 2");
        Directory.GetFileSystemEntries(temp.Root).ShouldBeEmpty();
    }

    private static void CheckRoundTrip(Transformer model, double tolerance)
    {
        using TempFolder temp = new();
        HuggingFaceExport.Write(model, temp.Root);
        using Checkpoint exported = Checkpoint.Open(temp.Root);
        exported.Config.RopeLayout.ShouldBe(RopeLayout.HalfSplit);
        float[] expected = GoldenModel.Forward(model, s_tokens), actual = GoldenModel.Forward(GoldenModel.Build(exported), s_tokens);
        if (tolerance == 0) actual.ShouldBe(expected);
        else GoldenModel.Error(actual, expected).ShouldBeLessThan(tolerance);
    }
}
