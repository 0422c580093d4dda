using System.Text;
using System.Text.Json;
using Heed.Tokenizers;

namespace Heed.Training.Data;

/// <summary>Cuts one file's lines into documents, and long documents into parts.</summary>
internal sealed class DocumentReader
{
    private const int LineLimit = 1 << 16;
    private readonly Utf8LineReader _lines;
    private readonly TextSourceOptions _options;
    private readonly bool _isJsonLines;
    private readonly int _pieceChars;
    private readonly StringBuilder _text = new();
    private int _nextCut;
    private bool _continuesLine;
    private bool _atEnd;

    public DocumentReader(Utf8LineReader lines, TextSourceOptions options, int pieceChars = 1 << 20)
    {
        (_lines, _options, _pieceChars, _nextCut) = (lines, options, pieceChars, pieceChars);
        _isJsonLines = Path.GetExtension(lines.Path).Equals(".jsonl", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The next part of a document; false at the file's end.</summary>
    public bool Next(out string text, out bool endsDocument)
    {
        endsDocument = true;
        if (_isJsonLines) return NextOfJson(out text);
        while (!_atEnd)
        {
            ReadOnlySpan<char> line = _lines.Next(LineLimit);
            _atEnd = line.IsEmpty;
            bool isWhole = !_continuesLine && (_atEnd || line[^1] == '\n' || line.Length < LineLimit - 1);
            _continuesLine = !_atEnd && line[^1] != '\n';
            bool ends = _atEnd || (isWhole && IsBoundary(line));
            if (!ends) Append(line);
            if ((ends || (_options.Documents == DocumentRule.Line && !_continuesLine)) && TryTakeAll(out text)) return true;
            if (_text.Length >= _nextCut && TryTakePart(out text))
            {
                endsDocument = false;
                return true;
            }
        }

        text = string.Empty;
        return false;
    }

    private bool IsBoundary(ReadOnlySpan<char> line) => _options.Documents switch
    {
        DocumentRule.SeparatorLine => line.Trim().SequenceEqual(_options.Separator.AsSpan().Trim()),
        DocumentRule.BlankLine => line.IsWhiteSpace(),
        _ => false,
    };

    private void Append(ReadOnlySpan<char> line)
    {
        if (_text.Length == 0 && _options.Documents != DocumentRule.File) line = line.TrimStart();
        _text.Append(line);
    }

    private bool TryTakeAll(out string text)
    {
        text = _text.ToString();
        if (_options.Documents != DocumentRule.File) text = text.TrimEnd();
        _text.Clear();
        _nextCut = _pieceChars;
        return text.Length > 0;
    }

    private bool TryTakePart(out string text)
    {
        string held = _text.ToString();
        int cut = TextSeam.FindLast(held);
        text = held[..cut];
        _text.Remove(0, cut);
        // Without a seam the search waits until there is twice as much, so that it does not become quadratic.
        _nextCut = cut == 0 ? 2 * _nextCut : _pieceChars;
        return cut > 0;
    }

    private bool NextOfJson(out string text)
    {
        while (true)
        {
            ReadOnlySpan<char> line = _lines.Next(int.MaxValue);
            text = string.Empty;
            if (line.IsEmpty) return false;
            if (line.IsWhiteSpace()) continue;
            text = TextOf(line.ToString());
            if (text.Length > 0) return true;
        }
    }

    private string TextOf(string line)
    {
        string item = $"line {_lines.LineNumber}";
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String)
                return text.GetString()!;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FileFormatException(_lines.Path, $"not valid JSON: {error.Message}", item, inner: error);
        }

        throw new FileFormatException(_lines.Path, "expected an object with the text in its field 'text'.", item);
    }
}
