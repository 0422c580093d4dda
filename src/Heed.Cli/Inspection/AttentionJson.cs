using System.Text;
using System.Text.Json;
using Heed.Models;
using Heed.Tokenizers;

namespace Heed.Cli.Inspection;

/// <summary>Attention maps as one line of JSON.</summary>
internal static class AttentionJson
{
    public static byte[] Of(AttentionMaps maps, Tokenizer tokenizer, string prompt)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteString("prompt", prompt);
            json.WriteStartArray("tokens");
            foreach (int id in maps.Tokens)
            {
                json.WriteStartObject();
                json.WriteNumber("id", id);
                json.WriteString("text", tokenizer.IsSpecial(id) ? tokenizer.TokenText(id) : Encoding.UTF8.GetString(tokenizer.TokenBytes(id)));
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("layers");
            foreach (int layer in maps.Layers) WriteLayer(json, maps, layer);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static void WriteLayer(Utf8JsonWriter json, AttentionMaps maps, int layer)
    {
        json.WriteStartObject();
        json.WriteNumber("layer", layer);
        json.WriteStartArray("entropy");
        for (int head = 0; head < maps.Heads; head++) json.WriteNumberValue(maps.Entropy(layer, head));
        json.WriteEndArray();
        json.WriteStartArray("weights"); // [heads, queries, keys]
        for (int head = 0; head < maps.Heads; head++) WriteHead(json, maps, layer, head);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
    }

    private static void WriteHead(Utf8JsonWriter json, AttentionMaps maps, int layer, int head)
    {
        ReadOnlySpan<float> weights = maps.Weights(layer, head);
        int keys = maps.Tokens.Count;
        json.WriteStartArray();
        for (int query = 0; query < keys; query++)
        {
            json.WriteStartArray();
            foreach (float weight in weights.Slice(query * keys, keys)) json.WriteNumberValue(weight);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }
}
