namespace Heed.Tokenizers;

/// <summary>Makes a tokenizer of a GGUF file's metadata.</summary>
internal static class GgufTokenizer
{
    private const int MaxTokens = 1 << 24;

    public static Tokenizer Create(GgufVocabulary gguf)
    {
        string path = gguf.Path;
        int count = gguf.Tokens.Count;
        if (count is 0 or > MaxTokens) throw new FileFormatException(path, $"{count} tokens; need 1 to {MaxTokens}", "tokenizer.ggml.tokens");
        if (gguf.Scores.Count != 0 && gguf.Scores.Count != count)
            throw new FileFormatException(path, $"{gguf.Scores.Count} scores for {count} tokens", "tokenizer.ggml.scores");
        if (gguf.TokenTypes.Count != 0 && gguf.TokenTypes.Count != count)
            throw new FileFormatException(path, $"{gguf.TokenTypes.Count} types for {count} tokens", "tokenizer.ggml.token_type");
        foreach ((string key, int? id) in SpecialIds(gguf))
            if (id is { } value && (uint)value >= (uint)count) throw new FileFormatException(path, $"id {value} is not one of {count} tokens", key);
        return gguf.Model switch
        {
            "llama" => SentencePiece(gguf, isUnigram: false),
            "t5" => SentencePiece(gguf, isUnigram: true),
            "gpt2" => ByteLevel(gguf),
            _ => throw new FileFormatException(path, $"tokenizer model '{gguf.Model}' is not supported, only llama, gpt2 and t5", "tokenizer.ggml.model"),
        };
    }

    private static IEnumerable<(string Key, int? Id)> SpecialIds(GgufVocabulary gguf) =>
        [
            ("tokenizer.ggml.bos_token_id", gguf.BosId), ("tokenizer.ggml.eos_token_id", gguf.EosId),
            ("tokenizer.ggml.unknown_token_id", gguf.UnknownId), ("tokenizer.ggml.padding_token_id", gguf.PadId),
            .. gguf.MoreStopIds.Select(id => ("tokenizer.ggml.eot_token_id", (int?)id)),
        ];

    private static SentencePieceTokenizer SentencePiece(GgufVocabulary gguf, bool isUnigram)
    {
        TokenKind[] kinds = Kinds(gguf);
        if (gguf.Scores.Count == 0) throw new FileFormatException(gguf.Path, "there are no scores", "tokenizer.ggml.scores");
        int unknown = Array.IndexOf(kinds, TokenKind.Unknown);
        return new SentencePieceTokenizer(new SentencePieceModel(gguf.Path, gguf.Tokens.ToArray(), gguf.Scores.ToArray(), kinds)
        {
            IsUnigram = isUnigram,
            AddDummyPrefix = gguf.AddSpacePrefix ?? true,
            RemoveExtraWhitespaces = gguf.RemoveExtraWhitespaces ?? false,
            CharsMap = gguf.PrecompiledCharsMap,
            BosId = gguf.BosId ?? Known(gguf, isUnigram ? -1 : 1),
            EosId = gguf.EosId ?? Known(gguf, isUnigram ? 1 : 2),
            UnknownId = gguf.UnknownId ?? (unknown >= 0 ? unknown : null),
            PadId = gguf.PadId,
            AddBos = gguf.AddBos ?? !isUnigram,
            AddEos = gguf.AddEos ?? isUnigram,
            MoreStopIds = gguf.MoreStopIds,
            ChatTemplate = gguf.ChatTemplate,
        });
    }

    // llama.cpp's customary id, where the file says nothing and the token is a control token.
    private static int? Known(GgufVocabulary gguf, int id) =>
        id >= 0 && id < gguf.TokenTypes.Count && gguf.TokenTypes[id] == (int)TokenKind.Control ? id : null;

    private static ByteLevelBpeTokenizer ByteLevel(GgufVocabulary gguf)
    {
        string path = gguf.Path;
        string[] texts = gguf.Tokens.ToArray();
        TokenKind[] kinds = Kinds(gguf);
        GgufWordPattern pattern = GgufWordPattern.For(path, gguf.Pre);
        Dictionary<string, int> ids = TokenTable.Index(path, texts);
        MergeTable merges = new(gguf.Merges.Count);
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> find = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int rank = 0; rank < gguf.Merges.Count; rank++)
        {
            string merge = gguf.Merges[rank];
            int space = merge.IndexOf(' ', Math.Min(1, merge.Length)); // the left token may itself be a space
            if (space < 0 || space == merge.Length - 1)
                throw new FileFormatException(path, $"merge {rank} is '{merge}'; need two tokens and a space between", "tokenizer.ggml.merges");
            string result = string.Concat(merge.AsSpan(0, space), merge.AsSpan(space + 1));
            if (!find.TryGetValue(merge.AsSpan(0, space), out int left) || !find.TryGetValue(merge.AsSpan(space + 1), out int right)
                || !ids.TryGetValue(result, out int id))
            {
                throw new FileFormatException(path, $"merge {rank}, '{merge}', names a token that is not in the vocabulary", "tokenizer.ggml.merges");
            }

            merges.Add(left, right, rank, id);
        }

        TokenTable tokens = ByteLevelBpeTokenizer.MakeTable(texts, kinds, ids);
        TokenizerParts parts = new(tokens)
        {
            BosId = gguf.BosId,
            EosId = gguf.EosId,
            UnknownId = gguf.UnknownId,
            PadId = gguf.PadId,
            MoreStopIds = gguf.MoreStopIds,
            Prefix = (gguf.AddBos ?? pattern.AddsBos) && gguf.BosId is { } bos ? [bos] : [],
            Suffix = (gguf.AddEos ?? false) && gguf.EosId is { } eos ? [eos] : [],
            Added = Enumerable.Range(0, texts.Length)
                .Where(id => kinds[id] is TokenKind.Control or TokenKind.Unknown or TokenKind.UserDefined && texts[id].Length > 0)
                .Select(id => new AddedToken(id, texts[id], Special: kinds[id] != TokenKind.UserDefined)).ToArray(),
            ChatTemplate = gguf.ChatTemplate,
        };
        ByteBpe bpe = new(ByteLevelBpeTokenizer.ByteIds(ids), merges, pattern.IgnoresMerges ? ByteBpe.WholeWords(tokens) : null, gguf.UnknownId ?? -1);
        return new ByteLevelBpeTokenizer(parts, RegexSplitter.Create(path, pattern.Patterns), bpe);
    }

    private static TokenKind[] Kinds(GgufVocabulary gguf)
    {
        TokenKind[] kinds = new TokenKind[gguf.Tokens.Count];
        Array.Fill(kinds, TokenKind.Normal);
        for (int id = 0; id < gguf.TokenTypes.Count; id++)
        {
            int type = gguf.TokenTypes[id];
            if (type is < 0 or > (int)TokenKind.Byte)
                throw new FileFormatException(gguf.Path, $"token {id} has type {type}; need 0 to 6", "tokenizer.ggml.token_type");
            kinds[id] = type == 0 ? TokenKind.Normal : (TokenKind)type;
        }

        if (gguf.TokenTypes.Count == 0) GuessKinds(gguf, kinds);
        return kinds;
    }

    private static void GuessKinds(GgufVocabulary gguf, TokenKind[] kinds)
    {
        for (int id = 0; id < kinds.Length && gguf.Model == "llama"; id++)
            if (SentencePieceModel.ByteOf(gguf.Tokens[id]) >= 0) kinds[id] = TokenKind.Byte;
        foreach (int? id in new[] { gguf.BosId, gguf.EosId, gguf.PadId })
            if (id is { } value) kinds[value] = TokenKind.Control;
        if (gguf.UnknownId is { } unknown) kinds[unknown] = TokenKind.Unknown;
    }
}
