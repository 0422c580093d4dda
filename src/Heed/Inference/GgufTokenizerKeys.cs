using Heed.Formats;
using Heed.Models.Checkpoints;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>The keys of a GGUF file that hold its tokenizer.</summary>
public static class GgufTokenizerKeys
{
    private const string Prefix = "tokenizer.";

    /// <summary>The keys of a checkpoint's tokenizer: a GGUF file's own as they are, others in GGUF's words.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="tokenizerPath">A tokenizer's file to use instead of the model's own, or null.</param>
    /// <exception cref="NotSupportedException">The tokenizer does something that GGUF cannot say.</exception>
    /// <exception cref="FileFormatException">There is none, it is damaged, or it is another model's.</exception>
    /// <exception cref="IOException">A file does not exist or cannot be read.</exception>
    public static GgufKeys Of(Checkpoint checkpoint, string? tokenizerPath = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (tokenizerPath is null && checkpoint.Gguf is { } gguf && gguf.Metadata.Contains("tokenizer.ggml.model"))
        {
            GgufKeys copied = new();
            copied.CopyFrom(gguf.Metadata, Prefix);
            return copied;
        }
        Tokenizer tokenizer = ModelTokenizer.Load(checkpoint, tokenizerPath);
        string? template = checkpoint.ChatTemplatePath is { } file ? File.ReadAllText(file) : tokenizer.ChatTemplate;
        return Of(tokenizer.ToGguf() with { ChatTemplate = template }, checkpoint.Config.VocabSize);
    }

    /// <summary>The keys of a vocabulary.</summary>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="vocabSize">How many tokens the model has: the vocabulary is filled up to that.</param>
    public static GgufKeys Of(GgufVocabulary vocabulary, int vocabSize)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        GgufKeys keys = new();
        int missing = Math.Max(0, vocabSize - vocabulary.Tokens.Count), first = vocabulary.Tokens.Count;
        keys.Set("tokenizer.ggml.model", vocabulary.Model);
        if (vocabulary.Pre is { } pre) keys.Set("tokenizer.ggml.pre", pre);
        else if (vocabulary.Model == "llama") keys.Set("tokenizer.ggml.pre", "default");
        keys.Set("tokenizer.ggml.tokens", [.. vocabulary.Tokens, .. Enumerable.Range(first, missing).Select(GgufVocabulary.Padding)]);
        if (vocabulary.Scores.Count > 0) keys.Set("tokenizer.ggml.scores", (ReadOnlySpan<float>)[.. vocabulary.Scores, .. Enumerable.Repeat(-1000f, missing)]);
        keys.Set("tokenizer.ggml.token_type", (ReadOnlySpan<int>)[.. vocabulary.TokenTypes, .. Enumerable.Repeat((int)TokenKind.Unused, missing)]);
        if (vocabulary.Merges.Count > 0) keys.Set("tokenizer.ggml.merges", vocabulary.Merges);
        int? eot = vocabulary.MoreStopIds.Count > 0 ? vocabulary.MoreStopIds[0] : null, eom = vocabulary.MoreStopIds.Count > 1 ? vocabulary.MoreStopIds[1] : null;
        foreach ((string name, int? id) in new[] { ("bos", vocabulary.BosId), ("eos", vocabulary.EosId), ("unknown", vocabulary.UnknownId), ("padding", vocabulary.PadId), ("eot", eot), ("eom", eom) })
            if (id is { } value) keys.Set($"tokenizer.ggml.{name}_token_id", (uint)value);
        foreach ((string name, bool? flag) in new[] { ("add_bos_token", vocabulary.AddBos), ("add_eos_token", vocabulary.AddEos), ("add_space_prefix", vocabulary.AddSpacePrefix), ("remove_extra_whitespaces", vocabulary.RemoveExtraWhitespaces) })
            if (flag is { } value) keys.Set($"tokenizer.ggml.{name}", value);
        if (vocabulary.PrecompiledCharsMap.Length > 0) keys.Set("tokenizer.ggml.precompiled_charsmap", (ReadOnlySpan<byte>)vocabulary.PrecompiledCharsMap);
        if (vocabulary.ChatTemplate is { } template) keys.Set("tokenizer.chat_template", template);
        return keys;
    }
}
