using System.Text.Json;

namespace Heed.Tokenizers;

/// <summary>Reads tokenizer.json: its components, its vocabulary and what tokenizer_config.json beside it adds.</summary>
internal sealed class HuggingFaceReader(string path, byte[] data)
{
    private readonly Dictionary<string, int> _ids = [];
    private readonly List<AddedToken> _added = [];
    private readonly List<AddedToken> _normalized = [];
    private string[] _texts = [];
    private TokenKind[] _kinds = [];
    private TextNormalizer? _normalizer;

    public HuggingFaceTokenizer Read()
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(data);
            return Read(new JsonPart(path, string.Empty, document.RootElement));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FileFormatException(path, $"not valid JSON: {error.Message}", inner: error);
        }
    }

    private HuggingFaceTokenizer Read(JsonPart root)
    {
        JsonPart model = root.Required("model");
        string type = model.TextOrNull("type") ?? "BPE";
        if (type is not ("BPE" or "Unigram")) throw model.Unsupported($"the model '{type}'");
        if (root.Child("normalizer") is { } normalizer) _normalizer = TextNormalizer.Read(path, normalizer);
        bool bytes = false;
        PreTokenizer? preTokenizer = root.Child("pre_tokenizer") is { } part ? PreTokenizer.Read(path, part, ref bytes) : null;
        TokenDecoding decoding = TokenDecoding.Read(root.Child("decoder"));

        Dictionary<string, int> vocabulary = type == "BPE" ? ReadVocabulary(model) : UnigramVocabulary(model);
        List<(AddedToken Token, bool Normalized)> added = ReadAdded(root);
        Index(vocabulary, added);
        for (int id = 0; id < _texts.Length; id++)
            if (_kinds[id] == TokenKind.Normal && decoding.IsByte(_texts[id])) _kinds[id] = TokenKind.Byte;
        TokenTable tokens = new(_texts, _kinds, _ids, id => decoding.Bytes(_texts[id]));

        HuggingFaceTokenizer.WordEncoder encoder = type == "BPE" ? HuggingFaceBpe.Read(model, vocabulary, bytes, tokens) : Unigram(model);
        (List<int> prefix, List<int> suffix) = ReadTemplate(root.Child("post_processor"));
        TokenizerParts parts = new(tokens) { Added = _added, Decoding = decoding.Rule };
        parts = HuggingFaceConfig.Apply(path, parts with { Prefix = prefix.ToArray(), Suffix = suffix.ToArray() });
        return new HuggingFaceTokenizer(parts, data, _normalizer, preTokenizer, _normalized, encoder);
    }

    private static Dictionary<string, int> ReadVocabulary(JsonPart model)
    {
        JsonPart part = model.Required("vocab");
        part.Need(JsonValueKind.Object, "an object");
        Dictionary<string, int> vocabulary = [];
        foreach (JsonProperty token in part.Element.EnumerateObject())
        {
            if (token.Value.ValueKind != JsonValueKind.Number || !token.Value.TryGetInt32(out int id)) throw part.Error($"the id of '{token.Name}' is not a whole number");
            if (!vocabulary.TryAdd(token.Name, id)) throw part.Error($"the token '{token.Name}' appears twice");
        }

        return vocabulary;
    }

    private static Dictionary<string, int> UnigramVocabulary(JsonPart model)
    {
        Dictionary<string, int> vocabulary = [];
        JsonPart part = model.Required("vocab");
        foreach (JsonPart entry in part.Items())
        {
            JsonPart first = entry.Items().FirstOrDefault();
            if (first.Name is null) throw entry.Error("expected a token and its score");
            if (!vocabulary.TryAdd(first.AsText(), vocabulary.Count)) throw entry.Error($"the token '{first.AsText()}' appears twice");
        }

        return vocabulary;
    }

    private List<(AddedToken Token, bool Normalized)> ReadAdded(JsonPart root)
    {
        List<(AddedToken, bool)> added = [];
        if (root.Child("added_tokens") is not { } list) return added;
        foreach (JsonPart item in list.Items())
        {
            AddedToken token = new(item.Int("id"), item.Text("content"), item.Flag("special"))
            {
                StripsLeft = item.Flag("lstrip"),
                StripsRight = item.Flag("rstrip"),
                SingleWord = item.Flag("single_word"),
            };
            if (token.Text.Length == 0) throw item.Error("the content is empty");
            added.Add((token, item.Flag("normalized", !token.Special)));
        }

        return added;
    }

    private void Index(Dictionary<string, int> vocabulary, List<(AddedToken Token, bool Normalized)> added)
    {
        // Every token takes a few bytes of the file, so a larger id than the file has bytes is a lie.
        long limit = Math.Max(data.Length, 256);
        int count = 0;
        foreach ((string text, int id) in vocabulary.Concat(added.Select(item => new KeyValuePair<string, int>(item.Token.Text, item.Token.Id))))
        {
            if (id < 0 || id >= limit) throw new FileFormatException(path, $"id {id} is out of range", text);
            count = Math.Max(count, id + 1);
        }

        if (count == 0) throw new FileFormatException(path, "there are no tokens", "model.vocab");
        _texts = new string[count];
        _kinds = new TokenKind[count];
        Array.Fill(_texts, string.Empty);
        Array.Fill(_kinds, TokenKind.Unused);
        foreach ((string text, int id) in vocabulary) Put(text, id, TokenKind.Normal);
        foreach ((AddedToken token, bool normalized) in added)
        {
            Put(token.Text, token.Id, token.Special ? TokenKind.Control : TokenKind.UserDefined);
            if (normalized && _normalizer is not null) _normalized.Add(token with { Text = _normalizer.Normalize(token.Text) });
            else _added.Add(token);
        }
    }

    private void Put(string text, int id, TokenKind kind)
    {
        if (text.Length == 0) return;
        if (_texts[id].Length > 0 && _texts[id] != text) throw new FileFormatException(path, $"id {id} belongs to '{_texts[id]}' already", text);
        if (_ids.TryGetValue(text, out int other) && other != id) throw new FileFormatException(path, $"the token appears twice, as ids {other} and {id}", text);
        _ids[text] = id;
        (_texts[id], _kinds[id]) = (text, kind);
    }

    private HuggingFaceTokenizer.WordEncoder Unigram(JsonPart model)
    {
        int count = model.Required("vocab").Element.GetArrayLength();
        float[] scores = new float[count];
        foreach ((JsonPart entry, int id) in model.Required("vocab").Items().Select((entry, id) => (entry, id)))
        {
            JsonPart[] pair = entry.Items().ToArray();
            if (pair.Length != 2 || pair[1].Element.ValueKind != JsonValueKind.Number || !pair[1].Element.TryGetSingle(out scores[id]))
                throw entry.Error("expected a token and its score");
        }

        int unknown = model.Child("unk_id") is null ? -1 : model.Int("unk_id");
        if (unknown >= count) throw model.Error($"unk_id {unknown} is not one of {count} tokens");
        TokenKind[] kinds = _kinds.AsSpan(0, count).ToArray();
        bool byteFallback = model.Flag("byte_fallback");
        for (int id = 0; id < count; id++)
            if (byteFallback && kinds[id] == TokenKind.Normal && SentencePieceModel.ByteOf(_texts[id]) >= 0) kinds[id] = TokenKind.Byte;
        if (unknown >= 0) kinds[unknown] = TokenKind.Unknown;
        SentencePieceModel pieces = new(path, _texts[..count], scores, kinds) { IsUnigram = true, ByteFallback = byteFallback, UnknownId = unknown >= 0 ? unknown : null };
        return new UnigramModel(pieces).Encode;
    }

    private (List<int> Prefix, List<int> Suffix) ReadTemplate(JsonPart? processor)
    {
        (List<int> prefix, List<int> suffix) = ([], []);
        if (processor is not { } part) return (prefix, suffix);
        switch (part.Type)
        {
            case "ByteLevel":
                break;
            case "Sequence":
                foreach (JsonPart item in part.Required("processors").Items())
                {
                    (List<int> before, List<int> after) = ReadTemplate(item);
                    prefix.InsertRange(0, before);
                    suffix.AddRange(after);
                }

                break;
            case "TemplateProcessing":
                ReadSingle(part, prefix, suffix);
                break;
            case "RobertaProcessing" or "BertProcessing":
                prefix.Add(PairId(part.Required("cls")));
                suffix.Add(PairId(part.Required("sep")));
                break;
            default:
                throw part.Unsupported($"the post-processor '{part.Type}'");
        }

        return (prefix, suffix);
    }

    private void ReadSingle(JsonPart part, List<int> prefix, List<int> suffix)
    {
        bool seen = false;
        foreach (JsonPart item in part.Required("single").Items())
        {
            if (item.Child("Sequence") is { } sequence)
            {
                if (seen || sequence.Text("id") != "A") throw item.Unsupported("a template for a single text that is not one A");
                seen = true;
                continue;
            }

            string name = item.Required("SpecialToken").Text("id");
            foreach (JsonPart id in part.Required("special_tokens").Required(name).Required("ids").Items())
                (seen ? suffix : prefix).Add(CheckedId(id));
        }

        if (!seen) throw part.Unsupported("a template without the text");
    }

    private int PairId(JsonPart pair) => pair.Items().Skip(1).Select(CheckedId).FirstOrDefault(-1) is >= 0 and int id ? id : throw pair.Error("expected a token and its id");

    private int CheckedId(JsonPart part)
    {
        if (part.Element.ValueKind != JsonValueKind.Number || !part.Element.TryGetInt32(out int id)) throw part.Error("expected an id");
        return id >= 0 && id < _texts.Length && _texts[id].Length > 0 ? id : throw part.Error($"id {id} is not in the vocabulary");
    }
}
