using System.Text.Json;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Tests;

namespace Heed.Cli.Tests;

public sealed class InspectTests
{
    [Fact]
    public void Inspect_ShippedModel_ShowsWhatItIs()
    {
        HeedResult result = HeedProcess.Run("inspect", "--text", "the blue bird");

        result.ExitCode.ShouldBe(0);
        result.Err.ShouldBe("");
        foreach (string line in new[]
                 {
                     "format +Hugging Face", "architecture +llama", "parameters +3,475,712", "context +512 tokens", "layers +4", "BF16 +38 ",
                     @"model\.layers\.N\.self_attn\.q_proj\.weight +4 +BF16 +\[256, 256\]", "kind +HuggingFace", @"begins with +0 <\|endoftext\|>", "5 tokens", "Ġblue",
                 })
            result.Out.ShouldMatch(line);
        result.Out.ShouldNotContain(" \n");
    }

    [Fact]
    public void Inspect_Tensors_ListsEveryTensor()
    {
        string output = HeedProcess.Run("inspect", Path.Combine(TestData.Repository, "models", "heed-stories"), "--tensors").Out;
        output.ShouldMatch(@"chat format +ChatMl, the model's own template of \d+ characters; no tools");

        output.ShouldMatch(@"model\.layers\.0\.self_attn\.q_proj\.weight +BF16 +\[256, 256\]");
        output.ShouldMatch(@"model\.layers\.3\.self_attn\.q_proj\.weight");
    }

    [Fact]
    public void Inspect_Json_SumsUp()
    {
        using JsonDocument document = JsonDocument.Parse(HeedProcess.Run("inspect", "--json").Out);

        JsonElement root = document.RootElement;
        root.GetProperty("config").GetProperty("hidden_size").GetInt32().ShouldBe(256);
        long elements = root.GetProperty("types").EnumerateArray().Sum(type => type.GetProperty("elements").GetInt64());
        elements.ShouldBe(root.GetProperty("parameters").GetInt64());
        root.GetProperty("tensors").EnumerateArray().Sum(tensor => tensor.GetProperty("bytes").GetInt64()).ShouldBe(2 * elements);
        root.GetProperty("memory").GetProperty("cache_bytes_per_token").GetInt64().ShouldBe(4 * 2 * 4 * 32 * sizeof(float));
        JsonElement sample = root.GetProperty("sample");
        sample.GetProperty("ids").GetArrayLength().ShouldBe(sample.GetProperty("tokens").GetArrayLength());
        root.GetProperty("tokenizer").GetProperty("tokens").GetInt32().ShouldBe(root.GetProperty("config").GetProperty("vocabulary").GetInt32());
    }

    /// <summary>What is kept of a text: 2 layers, 16 wide, a context of 1,024; keys and values are 4 heads of 4.</summary>
    [Theory]
    [InlineData("attention", "heads +4 of size 4, 4 for keys and values", "keys and values +256.0 KiB per 1,024 tokens, 256.0 KiB for the whole context$", 262144, 256)]
    [InlineData("window", "window +10 tokens, in 1 of 2 layers", "keys and values +256.0 KiB per 1,024 tokens, 168.0 KiB for the whole context: layers with a window keep the latest tokens alone", (1024 + 320) * 128, 256)]
    [InlineData("halves", "heads +4 of size 4, 4 for keys and values, values of size 12", "of a source +512.0 KiB per 1,024 tokens, 512.0 KiB for the encoder's whole context$", 524288, 512)]
    [InlineData("encoder", "sees +both ways", "keys and values +none are kept: the model sees both ways", 0, 0)]
    [InlineData("mamba", "mixer +Mamba, 32 channels of 16 states, a convolution over 4 tokens", "state +4.8 KiB, however long the text", 4864, 0)]
    [InlineData("simple", "mixer +attention-free, without biases", "state +384 B, however long the text", 384, 0)]
    [InlineData("local", "mixer +attention-free, biases for positions less than 32 tokens apart", "state +8.1 KiB, however long the text", 8320, 0)]
    [InlineData("hard", "mixer +hard attention, 4 heads of 4, each query one token", "keys and values +256.0 KiB per 1,024 tokens, 256.0 KiB for the whole context$", 262144, 256)]
    [InlineData("linformer", "mixer +Linformer, 4 heads of 4, keys and values projected to 128", "none are kept: the model sees both ways", 0, 0)]
    public void Inspect_WindowsAndMixers_SaysWhatTheyKeep(string kind, string mixer, string memory, long bytes, long perToken)
    {
        ModelConfig config = new() { HiddenSize = 16, IntermediateSize = 16, NumLayers = 2, NumHeads = 4, VocabSize = 20, MaxSeqLen = 1024, Positions = PositionKind.None };
        config = kind switch
        {
            "attention" => config,
            "window" => config with { Window = 10, WindowFrom = 1 },
            "halves" => (config with { ValueHeadDim = 12 }).WithEncoder(1),
            "encoder" => config with { Bidirectional = true },
            "mamba" => config with { Mixer = MixerKind.Mamba },
            "simple" => config with { Mixer = MixerKind.AftSimple },
            "local" => config with { Mixer = MixerKind.AftLocal },
            "hard" => config with { Mixer = MixerKind.Hard },
            _ => config with { Mixer = MixerKind.Linformer, Bidirectional = true },
        };
        using TempFolder folder = new();
        ModelFolder.Write(new Transformer(config, new RandomWeights(1, 2)), folder.File("model"));

        string output = HeedProcess.Run("inspect", folder.File("model")).Out;

        output.ShouldMatch(mixer);
        output.ShouldMatch("(?m)" + memory);
        if (config.Mixer != MixerKind.Attention) output.ShouldNotMatch("heads +4 of size");
        using JsonDocument document = JsonDocument.Parse(HeedProcess.Run("inspect", folder.File("model"), "--json").Out);
        JsonElement need = document.RootElement.GetProperty("memory");
        (need.GetProperty("cache_bytes").GetInt64(), need.GetProperty("cache_bytes_per_token").GetInt64()).ShouldBe((bytes, perToken));
        bool rounds = config is { Mixer: MixerKind.Attention, Bidirectional: false };
        if (rounds) output.ShouldMatch(@"(?m)rounded +[0-9.]+ KiB with --kv-type f16, [0-9.]+ KiB with --kv-type q8_0, for the whole context$");
        need.TryGetProperty("cache_bytes_f16", out JsonElement half).ShouldBe(rounds);
        if (kind == "attention") half.GetInt64().ShouldBe(bytes / 2);
        need.TryGetProperty("cache_bytes_q8_0", out _).ShouldBe(rounds);
        need.TryGetProperty("source_cache_bytes", out JsonElement source).ShouldBe(config.Encoder is not null);
        if (config.Encoder is not null) source.GetInt64().ShouldBe(524288);
        document.RootElement.GetProperty("config").GetProperty("mixer").GetString().ShouldBe(config.Mixer.ToString());
    }

    [DataFact("weights/stories260K/tinyllamas-stories-260k-f32.gguf")]
    public void Inspect_Gguf_ShowsMetadata()
    {
        string output = HeedProcess.Run("inspect", TestData.Get("weights/stories260K/tinyllamas-stories-260k-f32.gguf")).Out;

        output.ShouldMatch(@"llama\.context_length +512");
        output.ShouldMatch(@"tokenizer\.ggml\.tokens +an array of 512 String");
    }
}
