using System.Text;
using System.Text.Json.Nodes;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;

namespace Heed.Tests.Models.Checkpoints;

/// <summary>Configurations as published models have them, and wrong ones.</summary>
public class ConfigTests
{
    private const string Llama31 = """
        { "architectures": ["LlamaForCausalLM"], "attention_bias": false, "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009],
          "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 131072, "mlp_bias": false,
          "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05,
          "rope_scaling": { "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192, "rope_type": "llama3" },
          "rope_theta": 500000.0, "tie_word_embeddings": false, "torch_dtype": "bfloat16", "vocab_size": 128256 }
        """;

    [Fact]
    public void Read_Llama31_IsMapped()
    {
        ModelConfig config = Read(Llama31);
        config.ParameterCount().ShouldBe(8_030_261_248);
        config.KvHeads.ShouldBe(8);
        config.RopeTheta.ShouldBe(500000);
        config.RopeLayout.ShouldBe(RopeLayout.HalfSplit);
        config.MaxSeqLen.ShouldBe(131072);
        config.RopeScaling.ShouldBe(new RopeScaling(RopeScalingKind.Llama3, 8, 8192));
        config.TieEmbeddings.ShouldBeFalse();
    }

    [Fact]
    public void Settings_TextThatIsNotUtf8_IsNamed()
    {
        using TempFolder temp = new();
        JsonSettings settings = JsonSettings.Read(temp.Write("config.json", [.. "{\"a\":\""u8, 0xFF, .. "\",\"b\":[\""u8, 0xC0, .. "\"]}"u8]));
        foreach (FileFormatException error in new[]
        {
            Should.Throw<FileFormatException>(() => settings.OptionalText("a")), Should.Throw<FileFormatException>(() => settings.OptionalTexts("b")),
        })
        {
            error.Path.ShouldEndWith("config.json");
            error.Message.ShouldContain("not valid UTF-8");
        }

        Should.Throw<FileFormatException>(() => settings.Flag("a", false)).Message.ShouldContain("expected true or false");
    }

    [Fact]
    public void Read_AbsentKeys_HaveTheFamilysDefaults()
    {
        ModelConfig gemma = Read("""{ "model_type": "gemma2", "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 256000 }""");
        gemma.HeadSize.ShouldBe(256);
        gemma.TieEmbeddings.ShouldBeTrue();
        gemma.AttentionSoftCap.ShouldBe(50);
        gemma.LogitSoftCap.ShouldBe(30);
        gemma.AttentionScale.ShouldBe(1 / 16f);
        gemma.Activation.ShouldBe(Activation.GeluTanh);
        gemma.AttentionOptionsOf(0).Window.ShouldBe(4096);
        gemma.AttentionOptionsOf(1).Window.ShouldBe(0);
        ModelConfig mistral = Read("""{ "model_type": "mistral", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100 }""");
        mistral.Window.ShouldBe(4096);
        mistral.KvHeads.ShouldBe(4);
        mistral.NormEpsilon.ShouldBe(1e-6f);
        mistral.TieEmbeddings.ShouldBeFalse();
        Read("""{ "model_type": "mistral", "sliding_window": null, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100 }""")
            .Window.ShouldBe(0);
    }

    [Theory]
    [InlineData("full_attention,full_attention,full_attention", 0, 0, 0)]
    [InlineData("sliding_attention,full_attention,sliding_attention", 8, 0, 8)]
    [InlineData("full_attention,sliding_attention,sliding_attention", 0, 8, 8)]
    [InlineData("sliding_attention,sliding_attention,sliding_attention", 8, 8, 8)]
    [InlineData("sliding_attention,full_attention,full_attention", 8, 0, 0)]
    public void Read_LayerTypes_SayWhichLayersHaveTheWindow(string types, int first, int second, int third)
    {
        using ModelFolder folder = new ModelFolder("qwen2-window").Set("layer_types", new JsonArray([.. types.Split(',').Select(type => (JsonNode)type)]));
        using Checkpoint checkpoint = folder.Open();
        for (int i = 0; i < 3; i++) checkpoint.Config.AttentionOptionsOf(i).Window.ShouldBe(i == 0 ? first : i == 1 ? second : third);
    }

    [Fact]
    public void Read_LayerTypesWithoutAPattern_IsRefused()
    {
        JsonArray types = ["full_attention", "sliding_attention", "full_attention"];
        using ModelFolder folder = new ModelFolder("qwen2-window").Set("layer_types", types);
        Should.Throw<FileFormatException>(folder.Open).Item.ShouldBe("layer_types");
    }

    [Theory]
    [InlineData("architectures", """["MambaForCausalLM"]""", "'MambaForCausalLM', which is not supported; supported are LlamaForCausalLM")]
    [InlineData("architectures", "\"LlamaForCausalLM\"", "expected a list of texts")]
    [InlineData("hidden_act", "\"quick_gelu\"", "'quick_gelu', which is not supported; supported are silu")]
    [InlineData("hidden_act", "7", "is 7; expected a text")]
    [InlineData("hidden_size", "\"32\"", "expected an integer")]
    [InlineData("hidden_size", "-32", "is -32; expected an integer above 0")]
    [InlineData("hidden_size", "0", "expected an integer above 0")]
    [InlineData("hidden_size", "1e30", "is 1e30; expected an integer of 32 bits")]
    [InlineData("hidden_size", "32.5", "expected an integer")]
    [InlineData("hidden_size", "null", "is absent")]
    [InlineData("hidden_size", "33", "does not divide hidden_size, 33")]
    [InlineData("num_attention_heads", "0", "expected an integer above 0")]
    [InlineData("num_key_value_heads", "3", "not divisible by NumKvHeads 3")]
    [InlineData("num_hidden_layers", "4294967296", "expected an integer of 32 bits")]
    [InlineData("vocab_size", "[67]", "is [67]; expected an integer")]
    [InlineData("head_dim", "7", "partial_rotary_factor")]
    [InlineData("max_position_embeddings", "2000000000", "at most 268435456")]
    [InlineData("rms_norm_eps", "-1", "expected a number above 0")]
    [InlineData("rms_norm_eps", "\"tiny\"", "expected a number")]
    [InlineData("rms_norm_eps", "1e999", "expected a number")]
    [InlineData("rms_norm_eps", "1e300", "is 1E+300; expected a number above 0")]
    [InlineData("rms_norm_eps", "1e-300", "is 1E-300; expected a number above 0")]
    [InlineData("rope_theta", "0", "expected a number above 0")]
    [InlineData("rope_scaling", "4", "is 4; expected an object")]
    [InlineData("rope_scaling", """{ "type": "mrope" }""", "'mrope', which is not supported; supported are default, linear")]
    [InlineData("rope_scaling", """{ "type": "linear" }""", "rope_scaling.factor")]
    [InlineData("rope_scaling", """{ "type": "linear", "factor": -2 }""", "is -2; expected a number above 0")]
    [InlineData("rope_scaling", """{ "type": "dynamic", "factor": 1e12 }""", "at most 268435456")]
    [InlineData("rope_scaling", """{ "rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4, "original_max_position_embeddings": 64 }""", "expected more than low_freq_factor")]
    [InlineData("rope_scaling", """{ "rope_type": "longrope", "short_factor": [1, 1], "long_factor": [1, 1, 1, 1] }""", "has 2 numbers; expected 4")]
    [InlineData("rope_scaling", """{ "rope_type": "longrope", "short_factor": [1, 1, 1, 0], "long_factor": [1, 1, 1, 1] }""", "holds 0; expected numbers above 0")]
    [InlineData("rope_scaling", """{ "rope_type": "longrope", "short_factor": [1, 1, 1, "x"], "long_factor": [1, 1, 1, 1] }""", "expected numbers")]
    [InlineData("rope_parameters", """{ "full_attention": {}, "sliding_attention": {} }""", "one set for all layers")]
    [InlineData("tie_word_embeddings", "1", "is 1; expected true or false")]
    [InlineData("partial_rotary_factor", "0.5", "llama models turn whole heads")]
    [InlineData("quantization_config", """{ "quant_method": "gptq" }""", "'gptq', which is not supported")]
    public void Open_WrongValue_NamesKeyAndValue(string key, string json, string expected)
    {
        using ModelFolder folder = new ModelFolder().Set(key, JsonNode.Parse(json));
        FileFormatException error = Should.Throw<FileFormatException>(folder.Open);
        error.Message.ShouldContain(expected);
        error.Message.ShouldContain(folder.Root);
        if (!expected.Contains("divi", StringComparison.Ordinal) && key != "head_dim") error.Item!.ShouldContain(key == "rope_scaling" && expected.Contains("at most", StringComparison.Ordinal) ? "max_position" : key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1, 2]")]
    [InlineData("{ \"a\": 1, \"a\": 2 }")]
    [InlineData("{ \"hidden_size\": 32,")]
    [InlineData("\0\0\0\0")]
    public void Open_BrokenConfiguration_IsRefused(string content)
    {
        using ModelFolder folder = new();
        folder.Write();
        File.WriteAllText(Path.Combine(folder.Root, "config.json"), content);
        Should.Throw<FileFormatException>(() => Checkpoint.Open(folder.Root)).Path.ShouldEndWith("config.json");
    }

    [Fact]
    public void Open_DeeplyNestedConfiguration_IsRefused()
    {
        using ModelFolder folder = new();
        folder.Write();
        string nested = string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) + "1" + new string('}', 100_000);
        File.WriteAllText(Path.Combine(folder.Root, "config.json"), nested);
        Should.Throw<FileFormatException>(() => Checkpoint.Open(folder.Root)).Message.ShouldContain("not the JSON");
    }

    [Fact]
    public void Open_HugeConfiguration_IsRefusedUnread()
    {
        using ModelFolder folder = new();
        folder.Write();
        using (FileStream stream = File.Create(Path.Combine(folder.Root, "config.json"))) stream.SetLength(1L << 32);
        Should.Throw<FileFormatException>(() => Checkpoint.Open(folder.Root)).Message.ShouldContain("4294967296 bytes");
    }

    [Fact]
    public void Meta_Llama31_IsMapped()
    {
        ModelConfig config = Meta("""{"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256, "ffn_dim_multiplier": 1.3, "multiple_of": 1024, "norm_eps": 1e-05, "rope_theta": 500000.0, "use_scaled_rope": true}""");
        config.ParameterCount().ShouldBe(8_030_261_248);
        config.FeedForwardSize.ShouldBe(14336);
        config.RopeScaling.ShouldBe(new RopeScaling(RopeScalingKind.Llama3, 8, 8192));
        config.RopeLayout.ShouldBe(RopeLayout.Interleaved);
        config.MaxSeqLen.ShouldBe(131072);
    }

    [Fact]
    public void Row25_Meta_FeedForwardSizes()
    {
        Meta("""{"dim": 4096, "n_layers": 32, "n_heads": 32, "multiple_of": 256, "norm_eps": 1e-06, "vocab_size": 32000}""").ParameterCount().ShouldBe(6_738_415_616);
        Meta("""{"dim": 5120, "n_layers": 40, "n_heads": 40, "multiple_of": 256, "vocab_size": 32000}""").FeedForwardSize.ShouldBe(13824);
        Meta("""{"dim": 8192, "n_layers": 80, "n_heads": 64, "n_kv_heads": 8, "multiple_of": 4096, "ffn_dim_multiplier": 1.3, "vocab_size": 32000}""").FeedForwardSize.ShouldBe(28672);
    }

    [Fact]
    public void Meta_VocabularyOfMinusOne_IsTheTensors() =>
        Meta("""{"dim": 32, "n_layers": 2, "n_heads": 4, "vocab_size": -1}""").VocabSize.ShouldBe(67);

    [Theory]
    [InlineData("""{"dim": -1, "n_layers": 2, "n_heads": 4}""", "dim")]
    [InlineData("""{"dim": 32, "n_layers": 2, "n_heads": 5}""", "n_heads")]
    [InlineData("""{"dim": 32, "n_layers": 2, "n_heads": 4, "vocab_size": -7}""", "vocab_size")]
    [InlineData("""{"dim": 32, "n_layers": 2, "n_heads": 4, "multiple_of": 2147483647}""", "ffn_dim_multiplier")]
    [InlineData("""{"dim": 32, "n_layers": 2, "n_heads": 4, "ffn_dim_multiplier": 1e300}""", "ffn_dim_multiplier")]
    [InlineData("""{"dim": 32, "n_heads": 4}""", "n_layers")]
    [InlineData("""{"dim": 32, "n_layers": 2, "n_heads": 4, "moe": {"num_experts": 8}}""", "moe")]
    public void Meta_WrongValue_IsNamed(string json, string key) => Should.Throw<FileFormatException>(() => Meta(json)).Item.ShouldBe(key);

    [Fact]
    public void Open_MetaWithAnotherShape_NamesTheTensors()
    {
        using TempFolder temp = new();
        File.Copy(new GoldenModel("meta-llama").PathOf("consolidated.00.pth"), temp.File("consolidated.00.pth"));
        temp.Write("params.json", Encoding.UTF8.GetBytes("""{"dim": 32, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "multiple_of": 32, "vocab_size": -1}"""));
        string message = Should.Throw<FileFormatException>(() => Checkpoint.Open(temp.Root)).Message;
        message.ShouldContain("4 tensors do not fit");
        message.ShouldContain("'layers.0.attention.wk.weight' has shape [32, 32]; expected [16, 32]");
    }

    private static ModelConfig Read(string json) => HuggingFaceConfig.Read(Settings(json));

    private static ModelConfig Meta(string json)
    {
        using Heed.Formats.MetaCheckpoint file = Heed.Formats.MetaCheckpoint.Open(new GoldenModel("meta-llama").PathOf(""));
        return MetaConfig.Read(Settings(json), file).Validate();
    }

    private static JsonSettings Settings(string json)
    {
        using TempFolder temp = new();
        return JsonSettings.Read(temp.Write("config.json", Encoding.UTF8.GetBytes(json)));
    }
}
