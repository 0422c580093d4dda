using System.Buffers;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// SentencePiece's normalization: the character map, the removal of extra spaces, the space put before a text
/// and the writing of spaces as "▁", in the order of the original.
/// </summary>
internal sealed class SentencePieceNormalizer
{
    private const char Meta = '▁';
    private readonly SentencePieceModel _model;
    private readonly CharsMap? _map;
    private readonly PrefixTrie _userDefined = new();

    public SentencePieceNormalizer(SentencePieceModel model)
    {
        _model = model;
        _map = model.CharsMap.Length == 0 ? null : new CharsMap(model.Path, model.CharsMap);
        for (int id = 0; id < model.Pieces.Length; id++)
            if (model.Kinds[id] == TokenKind.UserDefined) _userDefined.Add(Widen(Encoding.UTF8.GetBytes(model.Pieces[id])), id);
    }

    /// <summary>The text as the model sees it, which may be empty.</summary>
    public ReadOnlySpan<char> Normalize(ReadOnlySpan<char> text)
    {
        if (text.Length == 0) return text;
        if (_map is not null || _model.RemoveExtraWhitespaces) return NormalizeBytes(text);
        bool prefix = _model.AddDummyPrefix;
        char[] normalized = new char[text.Length + (prefix ? 1 : 0)];
        if (prefix) normalized[0] = ' ';
        text.CopyTo(normalized.AsSpan(prefix ? 1 : 0));
        if (_model.EscapeWhitespaces) normalized.AsSpan().Replace(' ', Meta);
        return normalized;
    }

    private string NormalizeBytes(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<byte> input = Encoding.UTF8.GetBytes(text.ToArray());
        bool removes = _model.RemoveExtraWhitespaces;
        if (removes)
        {
            while (input.Length > 0 && Prefix(input, out int length).SequenceEqual(" "u8)) input = input[length..];
            if (input.Length == 0) return string.Empty;
        }

        ArrayBufferWriter<byte> output = new(input.Length + 8);
        if (_model.AddDummyPrefix) output.Write(" "u8);
        bool afterSpace = removes;
        while (input.Length > 0)
        {
            ReadOnlySpan<byte> piece = Prefix(input, out int length);
            input = input[length..];
            if (afterSpace) piece = piece.TrimStart((byte)' ');
            if (piece.Length > 0)
            {
                output.Write(piece);
                afterSpace = removes && piece[^1] == ' ';
            }
        }

        // The original trims what it has written, so a "▁" of the text itself goes too.
        string normalized = Encoding.UTF8.GetString(output.WrittenSpan);
        if (_model.EscapeWhitespaces) normalized = normalized.Replace(' ', Meta);
        return removes ? normalized.TrimEnd(_model.EscapeWhitespaces ? Meta : ' ') : normalized;
    }

    /// <summary>What the beginning of the input becomes, and how much of it that is.</summary>
    private ReadOnlySpan<byte> Prefix(ReadOnlySpan<byte> input, out int length)
    {
        length = LongestUserDefined(input);
        if (length > 0) return input[..length];
        if (_map is not null && _map.TryMatch(input, out length, out ReadOnlySpan<byte> replacement)) return replacement;
        Rune.DecodeFromUtf8(input, out _, out length);
        return input[..length];
    }

    private int LongestUserDefined(ReadOnlySpan<byte> input)
    {
        int longest = 0;
        int node = PrefixTrie.Root;
        for (int i = 0; i < input.Length; i++)
        {
            node = _userDefined.Step(node, (char)input[i]);
            if (node < 0) break;
            if (_userDefined.Value(node) >= 0) longest = i + 1;
        }

        return longest;
    }

    private static char[] Widen(byte[] bytes) => Array.ConvertAll(bytes, value => (char)value);
}
