using System.Text.Json.Nodes;
using Heed.Models;
using Heed.Models.Checkpoints;

namespace Heed.Tests.Models.Checkpoints;

/// <summary>Every key of real configurations with every nasty value: the model opens and builds, or the file is said to be wrong.</summary>
public class ConfigFuzzTests
{
    private static readonly string[] s_values =
    [
        "null", "true", "\"x\"", "[]", "[1]", "[\"sliding_attention\"]", "{}", "{\"rope_type\":\"yarn\",\"factor\":1e-300}", "{\"rope_type\":\"dynamic\",\"factor\":0.5}", "0", "-1", "1", "2", "3",
        "1e-300", "0.5", "1e9", "1e308", "2147483647", "2147483648", "-2147483648", "9223372036854775808",
    ];

    [Theory]
    [InlineData("llama"), InlineData("llama3-scaled-v5"), InlineData("llama-yarn"), InlineData("qwen2-window"), InlineData("phi3-longrope"), InlineData("gemma2"), InlineData("gpt2")]
    public void Open_AnyValueOfAnyKey_OpensOrIsRefused(string family)
    {
        using ModelFolder folder = new(family);
        folder.Write();
        int refused = 0, opened = 0;
        foreach ((JsonObject holder, string key) in Keys(folder.Config).ToArray())
        {
            JsonNode? before = holder[key]?.DeepClone();
            foreach (string value in s_values)
            {
                holder[key] = JsonNode.Parse(value);
                File.WriteAllText(Path.Combine(folder.Root, "config.json"), folder.Config.ToJsonString());
                try
                {
                    using Checkpoint checkpoint = Checkpoint.Open(folder.Root);
                    _ = new Transformer(checkpoint.Config, checkpoint.Weights());
                    opened++;
                }
                catch (FileFormatException error)
                {
                    error.Message.ShouldContain(folder.Root, customMessage: $"{key} = {value}");
                    refused++;
                }
                catch (Exception error)
                {
                    throw new InvalidOperationException($"{family}: {key} = {value}", error);
                }
            }
            holder[key] = before;
        }
        refused.ShouldBeGreaterThan(50);
        opened.ShouldBeGreaterThan(50);
    }

    private static IEnumerable<(JsonObject Holder, string Key)> Keys(JsonObject holder)
    {
        foreach ((string key, JsonNode? value) in holder)
        {
            yield return (holder, key);
            if (value is not JsonObject inner) continue;
            foreach ((JsonObject, string) nested in Keys(inner)) yield return nested;
        }
    }
}
