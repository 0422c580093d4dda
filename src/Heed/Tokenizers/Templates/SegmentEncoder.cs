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

    public SegmentEncoder(Tokenizer tokenizer, bool marksAnswers)
    {
        _writer = new ChatWriter(ChatFormatKind.Plain, tokenizer, marksAnswers);
        // What a vocabulary calls user-defined is found in any text; some of that shapes a chat all the same.
        List<AddedToken> markers = [.. tokenizer.Parts.Added.Where(token => token.Special || tokenizer.ChatMarkers.Contains(token.Id))];
        markers.AddRange(tokenizer.ChatMarkers.Where(id => !markers.Exists(token => token.Id == id)).Select(id => new AddedToken(id, tokenizer.TokenText(id), Special: true)));
        _markers = new AddedTokenMatcher(markers);
    }

    public ChatWriter Encode(IReadOnlyList<TextSegment> segments)
    {
        StringBuilder trusted = new();
        bool isAnswer = false;
        foreach (TextSegment segment in segments)
        {
            // An answer begins and ends between tokens.
            if (segment.IsAnswer != isAnswer)
            {
                WriteTrusted(trusted);
                isAnswer = segment.IsAnswer;
                if (isAnswer) _writer.BeginAnswer();
                else _writer.EndAnswer();
            }

            if (segment.IsTrusted) trusted.Append(segment.Text);
            else
            {
                WriteTrusted(trusted);
                _writer.Text(segment.Text);
            }
        }

        WriteTrusted(trusted);
        return _writer;
    }

    private void WriteTrusted(StringBuilder trusted)
    {
        string text = trusted.ToString();
        trusted.Clear();
        for (int from = 0; from < text.Length;)
        {
            AddedToken? token = _markers.Find(text, from, special: true, out int start, out int end);
            _writer.Literal(text[from..start]);
            if (token is not null) _writer.Marker(token);
            from = end;
        }
    }
}
