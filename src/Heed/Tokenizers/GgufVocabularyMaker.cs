using System.Text.Json;

namespace Heed.Tokenizers;

/// <summary>Says what a tokenizer is in GGUF's words.</summary>
internal static class GgufVocabularyMaker
{
    /// <exception cref="NotSupportedException">GGUF has no words for it.</exception>
    public static GgufVocabulary Make(Tokenizer tokenizer) => tokenizer switch
    {
        SentencePieceTokenizer pieces => SentencePiece(pieces),
        ByteLevelBpeTokenizer bytes => ByteLevel(tokenizer, bytes.Splitter.Patterns, bytes.Bpe.TakesWholeWords, Merges(tokenizer.Tokens, bytes.Bpe.Merges)),
        HuggingFaceTokenizer json => HuggingFace(json),
        _ => throw Unsupported($"it is a {tokenizer.GetType().Name}"),
    };

    /// <summary>Why a tokenizer cannot be said.</summary>
    public static NotSupportedException Unsupported(string problem) => new($"ToGguf: this tokenizer cannot become a GGUF vocabulary: {problem}.");

    private static GgufVocabulary SentencePiece(SentencePieceTokenizer tokenizer)
    {
        SentencePieceModel model = tokenizer.Model;
        if (!model.EscapeWhitespaces) throw Unsupported("it does not write spaces as ▁");
        return Common(tokenizer, model.IsUnigram ? "t5" : "llama") with
        {
            Scores = model.Scores,
            AddSpacePrefix = model.AddDummyPrefix,
            RemoveExtraWhitespaces = model.RemoveExtraWhitespaces,
            PrecompiledCharsMap = model.CharsMap,
        };
    }

    private static GgufVocabulary ByteLevel(Tokenizer tokenizer, IReadOnlyList<string> patterns, bool ignoresMerges, IReadOnlyList<string> merges) => Common(tokenizer, "gpt2") with
    {
        // Where merges lead to all whole words, taking them whole says nothing more: that is checked.
        Pre = GgufWordPattern.NameOf(patterns, ignoresMerges) ?? (ignoresMerges ? GgufWordPattern.NameOf(patterns, ignoresMerges: false) : null) ?? throw Unsupported($"GGUF has no name for its word pattern {string.Join(" then ", patterns)}{(ignoresMerges ? ", which takes whole words" : "")}"),
        Merges = merges,
    };

    private static GgufVocabulary HuggingFace(HuggingFaceTokenizer tokenizer)
    {
        using JsonDocument document = JsonDocument.Parse(tokenizer.Source);
        JsonPart root = new("tokenizer.json", string.Empty, document.RootElement), model = root.Required("model");
        if ((model.TextOrNull("type") ?? "BPE") != "BPE") throw Unsupported("it is no byte-pair encoding");
        List<string> merges = [];
        foreach (JsonElement merge in model.Required("merges").Element.EnumerateArray())
            merges.Add(merge.ValueKind == JsonValueKind.String ? merge.GetString()! : $"{merge[0].GetString()} {merge[1].GetString()}");
        HuggingFaceWords words = HuggingFaceWords.Read(root);
        if (words.IsByteLevel) return ByteLevel(tokenizer, words.Patterns, model.Flag("ignore_merges"), merges);
        if (!words.EscapesSpaces || !model.Flag("byte_fallback")) throw Unsupported("it spells words neither in bytes nor in pieces with ▁ for spaces and bytes for the rest");
        return Common(tokenizer, "llama") with
        {
            Scores = Scores(tokenizer.Tokens, merges),
            AddSpacePrefix = words.AddsSpace,
            RemoveExtraWhitespaces = false,
            UnknownId = tokenizer.UnknownId ?? (model.TextOrNull("unk_token") is { } name ? tokenizer.IdOf(name) : null),
        };
    }

    /// <summary>Scores that make SentencePiece merge in the order of the merges.</summary>
    private static float[] Scores(TokenTable tokens, List<string> merges)
    {
        float[] scores = new float[tokens.Count];
        Array.Fill(scores, -merges.Count);
        for (int rank = merges.Count - 1; rank >= 0; rank--)
            if (tokens.TryFind(merges[rank].Replace(" ", "", StringComparison.Ordinal), out int id)) scores[id] = -rank;
        return scores;
    }

    private static List<string> Merges(TokenTable tokens, MergeTable merges) =>
        [.. merges.All.OrderBy(merge => merge.Rank).ThenBy(merge => merge.Result).ThenByDescending(merge => tokens.Text(merge.Left).Length)
            .Select(merge => $"{tokens.Text(merge.Left)} {tokens.Text(merge.Right)}")];

    private static GgufVocabulary Common(Tokenizer tokenizer, string model)
    {
        int count = tokenizer.VocabSize;
        string[] texts = new string[count];
        int[] kinds = new int[count];
        for (int id = 0; id < count; id++)
        {
            string text = tokenizer.TokenText(id);
            texts[id] = text.Length > 0 ? text : GgufVocabulary.Padding(id);
            kinds[id] = (int)(text.Length == 0 ? TokenKind.Unused : id == tokenizer.UnknownId && tokenizer.KindOf(id) == TokenKind.Control ? TokenKind.Unknown : tokenizer.KindOf(id));
        }
        return new GgufVocabulary
        {
            Model = model,
            Tokens = texts,
            TokenTypes = kinds,
            BosId = tokenizer.BosId,
            EosId = tokenizer.EosId,
            UnknownId = tokenizer.UnknownId,
            PadId = tokenizer.PadId,
            MoreStopIds = tokenizer.Parts.MoreStopIds,
            AddBos = tokenizer.AddsBos,
            AddEos = tokenizer.AddsEos,
            ChatTemplate = tokenizer.ChatTemplate,
        };
    }
}
