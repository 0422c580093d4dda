using System.Text.Json;

namespace Heed.Tokenizers;

/// <summary>Reads the "BPE" model of a tokenizer.json.</summary>
internal static class HuggingFaceBpe
{
    public static HuggingFaceTokenizer.WordEncoder Read(JsonPart model, Dictionary<string, int> vocabulary, bool bytes, TokenTable tokens)
    {
        if (model.Child("dropout") is { } dropout && (dropout.Element.ValueKind != JsonValueKind.Number || dropout.Element.GetDouble() != 0))
            throw model.Unsupported("dropout");
        int unknown = -1;
        if (model.TextOrNull("unk_token") is { } name && !vocabulary.TryGetValue(name, out unknown)) throw model.Error($"the unk_token '{name}' is not in the vocabulary");
        CharBpeOptions options = new()
        {
            ByteFallback = model.Flag("byte_fallback"),
            FusesUnknown = model.Flag("fuse_unk"),
            IgnoreMerges = model.Flag("ignore_merges"),
            UnknownId = unknown,
            Prefix = model.TextOrNull("continuing_subword_prefix") ?? string.Empty,
            Suffix = model.TextOrNull("end_of_word_suffix") ?? string.Empty,
        };
        MergeTable merges = ReadMerges(model.Required("merges"), vocabulary, options.Prefix);
        if (!bytes) return new CharBpe(vocabulary, merges, options).Encode;
        if (options.HasAffixes) throw model.Unsupported("a subword prefix or suffix together with ByteLevel");
        Dictionary<string, int>? words = options.IgnoreMerges ? ByteBpe.WholeWords(tokens) : null;
        return new ByteBpe(ByteLevelBpeTokenizer.ByteIds(vocabulary), merges, words, unknown).Encode;
    }

    private static MergeTable ReadMerges(JsonPart part, Dictionary<string, int> vocabulary, string prefix)
    {
        part.Need(JsonValueKind.Array, "an array");
        MergeTable merges = new(part.Element.GetArrayLength());
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> find = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        int rank = 0;
        foreach (JsonElement item in part.Element.EnumerateArray())
        {
            (string left, string right) = Pair(part, item, rank);
            if (prefix.Length > 0 && !right.StartsWith(prefix, StringComparison.Ordinal)) throw part.Error($"merge {rank}, '{left} {right}', lacks the subword prefix '{prefix}'");
            string result = string.Concat(left, right.AsSpan(prefix.Length));
            if (!find.TryGetValue(left, out int leftId) || !find.TryGetValue(right, out int rightId) || !vocabulary.TryGetValue(result, out int id))
                throw part.Error($"merge {rank}, '{left} {right}', names a token that is not in the vocabulary");
            merges.Add(leftId, rightId, rank++, id);
        }

        return merges;
    }

    private static (string Left, string Right) Pair(JsonPart part, JsonElement item, int rank)
    {
        if (item.ValueKind == JsonValueKind.String)
        {
            string text = item.GetString()!;
            int space = text.IndexOf(' ');
            if (space > 0 && space < text.Length - 1 && text.IndexOf(' ', space + 1) < 0) return (text[..space], text[(space + 1)..]);
        }
        else if (item.ValueKind == JsonValueKind.Array && item.GetArrayLength() == 2 && item[0].ValueKind == JsonValueKind.String && item[1].ValueKind == JsonValueKind.String)
        {
            return (item[0].GetString()!, item[1].GetString()!);
        }

        throw part.Error($"merge {rank} is {item.GetRawText()[..Math.Min(40, item.GetRawText().Length)]}; need two tokens");
    }
}
