using System.Text.Encodings.Web;
using System.Text.Json;

namespace Heed.Tokenizers;

/// <summary>Writes tokenizers as Hugging Face's tokenizer.json, so that reading it again gives the same ids.</summary>
internal static class TokenizerJsonWriter
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string path, ByteLevelBpeTokenizer tokenizer)
    {
        WriteFile(path, tokenizer, json =>
        {
            json.WriteNull("normalizer");
            WriteObject(json, "pre_tokenizer", "Sequence", () =>
            {
                json.WriteStartArray("pretokenizers");
                foreach (string pattern in tokenizer.Splitter.Patterns)
                    WriteObject(json, null, "Split", () => WriteSplit(json, pattern));
                WriteObject(json, null, "ByteLevel", () => WriteByteLevel(json));
                json.WriteEndArray();
            });
            WriteTemplate(json, tokenizer);
            WriteObject(json, "decoder", "ByteLevel", () => WriteByteLevel(json));
            WriteBpe(json, tokenizer.Tokens, tokenizer.Bpe.Merges, unknown: null, fusesUnknown: false, byteFallback: false, tokenizer.Bpe.TakesWholeWords);
        });
    }

    /// <summary>Characters are a byte-pair encoding without merges.</summary>
    public static void Write(string path, CharacterTokenizer tokenizer)
    {
        WriteFile(path, tokenizer, json =>
        {
            json.WriteNull("normalizer");
            json.WriteNull("pre_tokenizer");
            WriteTemplate(json, tokenizer);
            WriteObject(json, "decoder", "Sequence", () =>
            {
                json.WriteStartArray("decoders");
                if (tokenizer.ByteFallback) WriteObject(json, null, "ByteFallback", () => { });
                WriteObject(json, null, "Fuse", () => { });
                json.WriteEndArray();
            });
            string? unknown = tokenizer.UnknownId is { } id ? tokenizer.TokenText(id) : null;
            WriteBpe(json, tokenizer.Tokens, new MergeTable(0), unknown, fusesUnknown: false, tokenizer.ByteFallback, takesWholeWords: false);
        });
    }

    public static void Write(string path, SentencePieceTokenizer tokenizer)
    {
        SentencePieceModel model = tokenizer.Model;
        RefuseWhatJsonCannotSay(tokenizer);
        WriteFile(path, tokenizer, json =>
        {
            WriteNormalizer(json, model);
            json.WriteNull("pre_tokenizer");
            WriteTemplate(json, tokenizer);
            WriteObject(json, "decoder", "Sequence", () =>
            {
                json.WriteStartArray("decoders");
                WriteObject(json, null, "Replace", () => WriteReplace(json, "String", "▁", " "));
                WriteObject(json, null, "ByteFallback", () => { });
                WriteObject(json, null, "Fuse", () => { });
                if (model.AddDummyPrefix) WriteObject(json, null, "Strip", () => WriteStrip(json));
                json.WriteEndArray();
            });
            string? unknown = model.UnknownId is { } id ? model.Pieces[id] : null;
            WriteBpe(json, tokenizer.Tokens, tokenizer.Bpe!.Merges, unknown, fusesUnknown: unknown is not null, model.ByteFallback, takesWholeWords: false);
        });
    }

    /// <summary>Writes the tokenizer_config.json that belongs beside a tokenizer.json.</summary>
    public static void WriteConfig(string path, Tokenizer tokenizer)
    {
        using FileStream file = File.Create(path);
        using Utf8JsonWriter json = new(file, s_options);
        json.WriteStartObject();
        json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
        json.WriteBoolean("clean_up_tokenization_spaces", false);
        json.WriteBoolean("add_bos_token", tokenizer.AddsBos);
        json.WriteBoolean("add_eos_token", tokenizer.AddsEos);
        foreach ((string name, int? id) in new[] { ("bos_token", tokenizer.BosId), ("eos_token", tokenizer.EosId), ("unk_token", tokenizer.UnknownId), ("pad_token", tokenizer.PadId) })
        {
            if (id is { } value) json.WriteString(name, tokenizer.TokenText(value));
            else json.WriteNull(name);
        }

        if (tokenizer.ChatTemplate is { } template) json.WriteString("chat_template", template);
        json.WriteEndObject();
    }

    private static void RefuseWhatJsonCannotSay(SentencePieceTokenizer tokenizer)
    {
        SentencePieceModel model = tokenizer.Model;
        string? problem = tokenizer.Bpe is null ? "the unigram model is not written"
            : model.CharsMap.Length > 0 ? "its character map is not written"
            : !model.EscapeWhitespaces ? "it does not write spaces as ▁"
            : model.Kinds.Where((kind, id) => kind == TokenKind.Unused && model.Pieces[id].Length > 0).Any() ? "it has unused pieces"
            : model.Kinds.Contains(TokenKind.UserDefined) ? "it has user-defined pieces"
            : tokenizer.Bpe.UnlistedCount > 0 ? "some pieces hold characters that are not pieces" : null;
        if (problem is not null) throw new NotSupportedException($"SaveJson: this SentencePiece tokenizer cannot become a tokenizer.json: {problem}.");
    }

    private static void WriteFile(string path, Tokenizer tokenizer, Action<Utf8JsonWriter> body)
    {
        using FileStream file = File.Create(path);
        using Utf8JsonWriter json = new(file, s_options);
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        for (int id = 0; id < tokenizer.VocabSize; id++)
        {
            if (!IsAdded(tokenizer.KindOf(id))) continue;
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", tokenizer.TokenText(id));
            foreach (string flag in new[] { "single_word", "lstrip", "rstrip", "normalized" }) json.WriteBoolean(flag, false);
            json.WriteBoolean("special", tokenizer.KindOf(id) != TokenKind.UserDefined);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        body(json);
        json.WriteEndObject();
    }

    private static bool IsAdded(TokenKind kind) => kind is TokenKind.Control or TokenKind.Unknown or TokenKind.UserDefined;

    private static void WriteNormalizer(Utf8JsonWriter json, SentencePieceModel model) => WriteObject(json, "normalizer", "Sequence", () =>
    {
        json.WriteStartArray("normalizers");
        if (model.RemoveExtraWhitespaces)
        {
            WriteObject(json, null, "Replace", () => WriteReplace(json, "Regex", " {2,}", " "));
            WriteObject(json, null, "Replace", () => WriteReplace(json, "Regex", "^ | \\z", string.Empty));
        }

        if (model.AddDummyPrefix) WriteObject(json, null, "Prepend", () => json.WriteString("prepend", "▁"));
        WriteObject(json, null, "Replace", () => WriteReplace(json, "String", " ", "▁"));
        json.WriteEndArray();
    });

    private static void WriteBpe(Utf8JsonWriter json, TokenTable tokens, MergeTable merges, string? unknown, bool fusesUnknown, bool byteFallback, bool takesWholeWords)
    {
        WriteObject(json, "model", "BPE", () =>
        {
            json.WriteNull("dropout");
            if (unknown is null) json.WriteNull("unk_token");
            else json.WriteString("unk_token", unknown);
            json.WriteNull("continuing_subword_prefix");
            json.WriteNull("end_of_word_suffix");
            json.WriteBoolean("fuse_unk", fusesUnknown);
            json.WriteBoolean("byte_fallback", byteFallback);
            json.WriteBoolean("ignore_merges", takesWholeWords);
            // Special tokens too: the original numbers an added token that is not among these after all of them.
            json.WriteStartObject("vocab");
            for (int id = 0; id < tokens.Count; id++)
                if (tokens.Text(id).Length > 0) json.WriteNumber(tokens.Text(id), id);
            json.WriteEndObject();

            // Pairs that make the same token have one rank here but an order there; the longer left one goes first.
            json.WriteStartArray("merges");
            foreach ((int left, int right, _, _) in merges.All.OrderBy(merge => merge.Rank).ThenBy(merge => merge.Result).ThenByDescending(merge => tokens.Text(merge.Left).Length))
            {
                json.WriteStartArray();
                json.WriteStringValue(tokens.Text(left));
                json.WriteStringValue(tokens.Text(right));
                json.WriteEndArray();
            }

            json.WriteEndArray();
        });
    }

    private static void WriteTemplate(Utf8JsonWriter json, Tokenizer tokenizer)
    {
        (int[] prefix, int[] suffix) = (tokenizer.Parts.Prefix, tokenizer.Parts.Suffix);
        if (prefix.Length + suffix.Length == 0)
        {
            json.WriteNull("post_processor");
            return;
        }

        WriteObject(json, "post_processor", "TemplateProcessing", () =>
        {
            foreach ((string name, string[] texts) in new[] { ("single", new[] { "A" }), ("pair", ["A", "B"]) })
            {
                json.WriteStartArray(name);
                foreach (string text in texts)
                {
                    int type = text == "A" ? 0 : 1;
                    foreach (int id in prefix) WriteTemplateItem(json, "SpecialToken", tokenizer.TokenText(id), type);
                    WriteTemplateItem(json, "Sequence", text, type);
                    foreach (int id in suffix) WriteTemplateItem(json, "SpecialToken", tokenizer.TokenText(id), type);
                }

                json.WriteEndArray();
            }

            json.WriteStartObject("special_tokens");
            foreach (int id in prefix.Concat(suffix).Distinct())
            {
                string text = tokenizer.TokenText(id);
                json.WriteStartObject(text);
                json.WriteString("id", text);
                json.WriteStartArray("ids");
                json.WriteNumberValue(id);
                json.WriteEndArray();
                json.WriteStartArray("tokens");
                json.WriteStringValue(text);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        });
    }

    private static void WriteTemplateItem(Utf8JsonWriter json, string kind, string id, int type)
    {
        json.WriteStartObject();
        json.WriteStartObject(kind);
        json.WriteString("id", id);
        json.WriteNumber("type_id", type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteObject(Utf8JsonWriter json, string? name, string type, Action members)
    {
        if (name is null) json.WriteStartObject();
        else json.WriteStartObject(name);
        json.WriteString("type", type);
        members();
        json.WriteEndObject();
    }

    private static void WriteSplit(Utf8JsonWriter json, string pattern)
    {
        WritePattern(json, "Regex", pattern);
        json.WriteString("behavior", "Isolated");
        json.WriteBoolean("invert", false);
    }

    private static void WriteByteLevel(Utf8JsonWriter json)
    {
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", false);
    }

    private static void WriteReplace(Utf8JsonWriter json, string kind, string pattern, string content)
    {
        WritePattern(json, kind, pattern);
        json.WriteString("content", content);
    }

    private static void WriteStrip(Utf8JsonWriter json)
    {
        json.WriteString("content", " ");
        json.WriteNumber("start", 1);
        json.WriteNumber("stop", 0);
    }

    private static void WritePattern(Utf8JsonWriter json, string kind, string pattern)
    {
        json.WriteStartObject("pattern");
        json.WriteString(kind, pattern);
        json.WriteEndObject();
    }
}
