using System.Text.Json;

namespace Heed.Inference;

/// <summary>What a model's generation_config.json says: the options it was made for, and its end tokens.</summary>
/// <param name="Options">The options; the library's own where the file says nothing.</param>
/// <param name="EndTokens">Ids that end a text.</param>
internal sealed record GenerationDefaults(GenerationOptions Options, IReadOnlyList<int> EndTokens)
{
    private const int MaxBytes = 1 << 20;

    public static GenerationDefaults None { get; } = new(new GenerationOptions(), []);

    /// <exception cref="FileFormatException">The file is not JSON, or a value is of the wrong kind or out of range.</exception>
    public static GenerationDefaults Read(string? path)
    {
        if (path is null) return None;
        if (new FileInfo(path).Length > MaxBytes) throw new FileFormatException(path, $"the file is larger than {MaxBytes} bytes, which no generation_config.json is.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 16 });
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            throw new FileFormatException(path, $"the generation configuration cannot be used: {e.Message}", inner: e);
        }
    }

    private static GenerationDefaults Read(JsonElement root)
    {
        GenerationOptions plain = new();
        float Number(string name, float otherwise) =>
            root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value.GetSingle() : otherwise;
        bool samples = !root.TryGetProperty("do_sample", out JsonElement sample) || sample.ValueKind is not JsonValueKind.False;
        GenerationOptions options = plain with
        {
            Temperature = samples ? Number("temperature", plain.Temperature) : 0,
            TopK = (int)Number("top_k", plain.TopK),
            TopP = Number("top_p", plain.TopP),
            MinP = Number("min_p", plain.MinP),
            TypicalP = Number("typical_p", plain.TypicalP),
            RepetitionPenalty = Number("repetition_penalty", plain.RepetitionPenalty),
        };
        return new GenerationDefaults(options.Validate(), EndTokensOf(root));
    }

    private static int[] EndTokensOf(JsonElement root)
    {
        if (!root.TryGetProperty("eos_token_id", out JsonElement end) || end.ValueKind == JsonValueKind.Null) return [];
        return end.ValueKind == JsonValueKind.Array ? [.. end.EnumerateArray().Select(id => id.GetInt32())] : [end.GetInt32()];
    }
}
