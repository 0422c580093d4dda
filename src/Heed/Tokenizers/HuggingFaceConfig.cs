using System.Text.Json;

namespace Heed.Tokenizers;

/// <summary>What lies beside a tokenizer.json: tokenizer_config.json and chat_template.jinja.</summary>
internal static class HuggingFaceConfig
{
    private static readonly string[] s_bosNames = ["<s>", "<|begin_of_text|>", "<bos>", "<｜begin▁of▁sentence｜>", "<|endoftext|>"];
    private static readonly string[] s_eosNames = ["</s>", "<|end_of_text|>", "<eos>", "<|endoftext|>", "<｜end▁of▁sentence｜>"];

    public static TokenizerParts Apply(string path, TokenizerParts parts)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string config = Path.Combine(folder, "tokenizer_config.json");
        parts = parts with
        {
            BosId = parts.Prefix.Length > 0 ? parts.Prefix[0] : Known(parts, s_bosNames),
            EosId = Known(parts, s_eosNames),
            UnknownId = Known(parts, ["<unk>", "<|unk|>"]),
            PadId = Known(parts, ["<pad>", "<|pad|>", "[PAD]"]),
        };
        if (File.Exists(config)) parts = Read(config, parts);
        string template = Path.Combine(folder, "chat_template.jinja");
        return File.Exists(template) ? parts with { ChatTemplate = File.ReadAllText(template) } : parts;
    }

    private static TokenizerParts Read(string path, TokenizerParts parts)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonPart root = new(path, string.Empty, document.RootElement);
            TokenizerParts read = parts with
            {
                BosId = Token(root, "bos_token", parts, parts.BosId) ?? (parts.Prefix.Length > 0 ? parts.Prefix[0] : null),
                EosId = Token(root, "eos_token", parts, parts.EosId),
                UnknownId = Token(root, "unk_token", parts, parts.UnknownId),
                PadId = Token(root, "pad_token", parts, parts.PadId),
                ChatTemplate = Template(root),
            };
            return RebuildsTemplate(root) ? Rebuild(root, read) : read;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FileFormatException(path, $"not valid JSON: {error.Message}", inner: error);
        }
    }

    // Llama's and Gemma's classes make their post-processor of these two settings, whatever tokenizer.json says.
    private static bool RebuildsTemplate(JsonPart root) =>
        root.TextOrNull("tokenizer_class") is "LlamaTokenizer" or "LlamaTokenizerFast" or "GemmaTokenizer" or "GemmaTokenizerFast" or "CodeLlamaTokenizer";

    private static TokenizerParts Rebuild(JsonPart root, TokenizerParts parts)
    {
        if (root.Child("add_bos_token") is not null)
            parts = parts with { Prefix = root.Flag("add_bos_token") && parts.BosId is { } bos ? [bos] : [] };
        if (root.Child("add_eos_token") is not null)
            parts = parts with { Suffix = root.Flag("add_eos_token") && parts.EosId is { } eos ? [eos] : [] };
        return parts;
    }

    // Null says that there is no such token; a missing entry says nothing.
    private static int? Token(JsonPart root, string name, TokenizerParts parts, int? guess)
    {
        if (root.Child(name) is not { } part) return root.Element.TryGetProperty(name, out _) ? null : guess;
        string text = part.Element.ValueKind == JsonValueKind.Object ? part.Text("content") : part.AsText();
        return parts.Tokens.TryFind(text, out int id) ? id : guess;
    }

    private static string? Template(JsonPart root)
    {
        if (root.Child("chat_template") is not { } part) return null;
        if (part.Element.ValueKind == JsonValueKind.String) return part.AsText();
        List<JsonPart> templates = part.Items().ToList();
        int chosen = Math.Max(0, templates.FindIndex(item => item.TextOrNull("name") == "default"));
        return templates.Count == 0 ? null : templates[chosen].TextOrNull("template");
    }

    private static int? Known(TokenizerParts parts, string[] names)
    {
        foreach (string name in names)
            if (parts.Tokens.TryFind(name, out int id) && parts.Tokens.Kind(id) == TokenKind.Control) return id;
        return null;
    }
}
