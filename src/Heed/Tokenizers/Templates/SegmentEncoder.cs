using System.Text;

namespace Heed.Tokenizers.Templates;

/// <summary>
/// Encodes a rendered chat. Special tokens are looked for in each stretch of trusted text by itself; everything between two of them is
/// encoded in one go, whoever wrote it, because words merge over the seams.
/// </summary>
internal sealed class SegmentEncoder
{
    private readonly ChatWriter _writer;
    private readonly AddedTokenMatcher _markers;
    private readonly IReadOnlySet<int> _stops;
    private readonly StringBuilder _trusted = new();
    private bool _inAnswer;
    private bool _awaitsEnd;
    private bool _isSpaced;

    public SegmentEncoder(Tokenizer tokenizer, bool marksAnswers)
    {
        _writer = new ChatWriter(ChatFormatKind.Plain, tokenizer, marksAnswers);
        _stops = tokenizer.StopIds;
        // What a vocabulary calls user-defined is found in any text; some of that shapes a chat all the same.
        List<AddedToken> markers = [.. tokenizer.Parts.Added.Where(token => token.Special || tokenizer.ChatMarkers.Contains(token.Id))];
        markers.AddRange(tokenizer.ChatMarkers.Where(id => !markers.Exists(token => token.Id == id)).Select(id => new AddedToken(id, tokenizer.TokenText(id), Special: true)));
        _markers = new AddedTokenMatcher(markers);
    }

    /// <summary>Says whether what comes next is an answer.</summary>
    /// <param name="isAnswer">Whether it is.</param>
    /// <param name="takesEnd">An answer that ends here goes on to the end of the stop token that follows.</param>
    /// <param name="takesSpace">An answer that begins here takes along the space before it, which the prompt for it does not have.</param>
    public void Mark(bool isAnswer, bool takesEnd, bool takesSpace)
    {
        if (isAnswer == _inAnswer) return;
        if (isAnswer && takesSpace && _trusted.Length > 0 && _trusted[^1] == ' ')
        {
            _trusted.Length--;
            _isSpaced = true;
        }

        WriteTrusted();
        if (isAnswer && !_awaitsEnd) _writer.BeginAnswer();
        else if (!isAnswer && !takesEnd) _writer.EndAnswer();
        (_inAnswer, _awaitsEnd) = (isAnswer, !isAnswer && takesEnd);
    }

    public void Add(string text, bool isTrusted)
    {
        if (isTrusted)
        {
            _trusted.Append(text);
            return;
        }

        WriteTrusted();
        if (_awaitsEnd) EndAnswer();
        if (_isSpaced) _writer.SpacedText(text);
        else _writer.Text(text);
        _isSpaced = false;
    }

    public ChatWriter End()
    {
        WriteTrusted();
        EndAnswer();
        return _writer;
    }

    private void WriteTrusted()
    {
        string text = _trusted.ToString();
        _trusted.Clear();
        for (int from = 0; from < text.Length;)
        {
            AddedToken? token = _markers.Find(text, from, special: true, out int start, out int end);
            bool endsAnswer = token is not null && _stops.Contains(token.Id) && string.IsNullOrWhiteSpace(text[from..start]);
            if (_awaitsEnd && !endsAnswer) EndAnswer();
            _writer.Literal(text[from..start]);
            if (token is not null) _writer.Marker(token);
            if (_awaitsEnd) EndAnswer();
            from = end;
        }
    }

    private void EndAnswer()
    {
        _writer.EndAnswer();
        _awaitsEnd = false;
    }
}
