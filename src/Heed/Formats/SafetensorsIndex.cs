using System.Text.Json;

namespace Heed.Formats;

/// <summary>Reads model.safetensors.index.json: which shard holds which tensor.</summary>
internal static class SafetensorsIndex
{
    private const int MaxDepth = 16;
    private const int MaxShards = 10_000;

    /// <summary>Reads the index at <paramref name="path"/> as tensor name to file name; file names have no folder in them.</summary>
    public static Dictionary<string, string> Read(string path)
    {
        using MappedFile file = MappedFile.Open(path);
        if (file.Length > int.MaxValue) throw file.Wrong($"the index is {file.Length} bytes long, which is too large.");
        Utf8JsonReader reader = new(file.Span(0, (int)file.Length), new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            return ReadTop(file, ref reader) ?? throw file.Wrong("the index has no object 'weight_map'.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw file.Wrong($"the index is not the JSON that is expected: {error.Message}", offset: reader.TokenStartIndex, inner: error);
        }
    }

    private static Dictionary<string, string>? ReadTop(MappedFile file, ref Utf8JsonReader reader)
    {
        Dictionary<string, string>? map = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw file.Wrong("the index is not a JSON object.", offset: 0);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!reader.ValueTextEquals("weight_map"u8)) reader.Skip();
            else if (map is null) map = ReadMap(file, ref reader);
            else throw file.Wrong("'weight_map' occurs twice.", offset: reader.TokenStartIndex);
        }
        reader.Read();
        return map;
    }

    private static Dictionary<string, string> ReadMap(MappedFile file, ref Utf8JsonReader reader)
    {
        Dictionary<string, string> map = [];
        Dictionary<string, string> shards = [];
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw file.Wrong("'weight_map' is not an object.", offset: reader.TokenStartIndex);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String) throw file.Wrong("the shard's name is not text.", name, reader.TokenStartIndex);
            string shard = reader.GetString()!;
            if (!IsPlainName(shard)) throw file.Wrong($"the shard '{shard}' is no plain file name.", name, reader.TokenStartIndex);
            if (!shards.TryAdd(shard, shard)) shard = shards[shard];
            if (shards.Count > MaxShards) throw file.Wrong($"the index names more than {MaxShards} shards.", name, reader.TokenStartIndex);
            if (!map.TryAdd(name, shard)) throw file.Wrong("the tensor's name occurs twice.", name, reader.TokenStartIndex);
        }
        return map;
    }

    // A name from a file must not lead out of its folder.
    private static bool IsPlainName(string name) =>
        name.Length > 0 && name is not ("." or "..") && name.AsSpan().IndexOfAny("/\\:\0") < 0;
}
