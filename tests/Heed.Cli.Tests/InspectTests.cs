using System.Text.Json;
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

    [DataFact("weights/stories260K/tinyllamas-stories-260k-f32.gguf")]
    public void Inspect_Gguf_ShowsMetadata()
    {
        string output = HeedProcess.Run("inspect", TestData.Get("weights/stories260K/tinyllamas-stories-260k-f32.gguf")).Out;

        output.ShouldMatch(@"llama\.context_length +512");
        output.ShouldMatch(@"tokenizer\.ggml\.tokens +an array of 512 String");
    }
}
