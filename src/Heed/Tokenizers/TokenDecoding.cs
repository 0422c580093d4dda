using System.Text;

namespace Heed.Tokenizers;

/// <summary>The "decoder" of a tokenizer.json, worked out for each token when the file is read: its bytes, and what happens at the text's start.</summary>
internal sealed class TokenDecoding
{
    private readonly List<Func<string, string>> _steps = [];
    private bool _byteFallback;
    private bool _byteLevel;
    private bool _fused;
    private DecodeRule _rule = DecodeRule.Plain;

    public DecodeRule Rule => _rule;

    /// <summary>Reads a decoder; without one, tokens are joined with spaces.</summary>
    public static TokenDecoding Read(JsonPart? part)
    {
        TokenDecoding decoding = new();
        if (part is { } decoder) decoding.Add(decoder);
        else decoding._rule = new DecodeRule(TextStart.Keeps, JoinsWithSpaces: true);
        return decoding;
    }

    /// <summary>Whether a token stands for a raw byte.</summary>
    public bool IsByte(string token) => _byteFallback && SentencePieceModel.ByteOf(token) >= 0;

    /// <summary>The bytes that a token stands for.</summary>
    public byte[] Bytes(string token)
    {
        if (IsByte(token)) return [(byte)SentencePieceModel.ByteOf(token)];
        foreach (Func<string, string> step in _steps) token = step(token);
        return (_byteLevel ? ByteAlphabet.Read(token) : null) ?? Encoding.UTF8.GetBytes(token);
    }

    private void Add(JsonPart part)
    {
        switch (part.Type)
        {
            case "Sequence":
                foreach (JsonPart item in part.Required("decoders").Items()) Add(item);
                break;
            case "ByteLevel":
                _byteLevel = true;
                break;
            case "ByteFallback":
                _byteFallback = true;
                break;
            case "Fuse":
                _fused = true;
                break;
            case "Replace":
                AddReplace(part);
                break;
            case "Strip":
                AddStrip(part);
                break;
            case "Metaspace":
                string replacement = part.TextOrNull("replacement") ?? "▁";
                bool strips = (part.TextOrNull("prepend_scheme") ?? (part.Flag("add_prefix_space", true) ? "always" : "never")) != "never";
                _steps.Add(token => token.Replace(replacement, " ", StringComparison.Ordinal));
                if (strips) _rule = new DecodeRule(TextStart.StripsSpaceOfFirstPiece);
                break;
            default:
                throw part.Unsupported($"the decoder '{part.Type}'");
        }
    }

    private void AddReplace(JsonPart part)
    {
        JsonPart pattern = part.Required("pattern");
        string content = part.Text("content");
        string literal = pattern.TextOrNull("String") ?? throw part.Unsupported("a Replace decoder with a regular expression");
        if (literal.Length == 0) throw pattern.Error("the pattern is empty");
        if (_fused && literal.Length > 1) throw part.Unsupported("a Replace decoder of several characters after Fuse");
        _steps.Add(token => token.Replace(literal, content, StringComparison.Ordinal));
    }

    private void AddStrip(JsonPart part)
    {
        string content = part.Text("content");
        (int start, int stop) = (part.Int("start"), part.Int("stop"));
        if (content.Length != 1 || content[0] > '\x7F' || start < 0 || stop < 0) throw part.Unsupported("a Strip decoder of anything but one ASCII character");
        if (!_fused)
        {
            _steps.Add(token => Strip(token, content[0], start, stop));
            return;
        }

        if (stop > 0) throw part.Unsupported("a Strip decoder at the end of the text");
        if (start > 0) _rule = new DecodeRule(TextStart.StripsLetters, (byte)content[0], start);
    }

    private static string Strip(string token, char letter, int start, int stop)
    {
        int from = 0, end = token.Length;
        while (from < end && from < start && token[from] == letter) from++;
        while (end > from && token.Length - end < stop && token[end - 1] == letter) end--;
        return token[from..end];
    }
}
