namespace Heed.Tokenizers;

/// <summary>
/// Collects a chat's ids. Text between two markers is encoded in one go, because that is how a template's text would be:
/// what stands next to each other may merge.
/// </summary>
internal sealed class ChatWriter(ChatFormatKind kind, Tokenizer tokenizer)
{
    private readonly List<int> _ids = [];
    private string _pending = string.Empty;
    private bool _trimsStart;

    public Tokenizer Tokenizer => tokenizer;

    public bool Has(string marker) => Find(marker) is not null;

    /// <summary>What somebody says. It is never read as a special token.</summary>
    public void Text(string text) => _pending += text;

    /// <summary>Text of the format itself.</summary>
    public void Literal(string text) => _pending += text;

    /// <summary>What comes next is encoded by itself.</summary>
    public void EndText() => Flush();

    /// <summary>A marker, by its id.</summary>
    public void Marker(string marker)
    {
        int id = Find(marker)
            ?? throw new ArgumentException($"Render: the vocabulary has no special token '{marker}', which the format {kind} needs.", nameof(marker));
        AddedToken? token = tokenizer.Parts.Added.FirstOrDefault(token => token.Id == id);
        if (token?.StripsLeft == true) _pending = _pending.TrimEnd();
        Id(id);
        _trimsStart = token?.StripsRight == true;
    }

    /// <summary>An id, or nothing where the vocabulary has none.</summary>
    public void Id(int? id)
    {
        Flush();
        if (id is { } value) _ids.Add(value);
    }

    public int[] ToArray()
    {
        Flush();
        return _ids.ToArray();
    }

    private int? Find(string marker) =>
        tokenizer.IdOf(marker) is { } id && tokenizer.KindOf(id) is TokenKind.Control or TokenKind.UserDefined ? id : null;

    private void Flush()
    {
        string text = _trimsStart ? _pending.TrimStart() : _pending;
        foreach (int id in Plain(text))
        {
            if (tokenizer.ChatMarkers.Contains(id)) Spell(id);
            else _ids.Add(id);
        }

        (_pending, _trimsStart) = (string.Empty, false);
    }

    // A vocabulary may find a marker in plain text; cut in two it is only text.
    private void Spell(int marker)
    {
        string text = tokenizer.TokenText(marker);
        foreach (string part in new[] { text[..1], text[1..] })
            _ids.AddRange(Plain(part).Where(id => !tokenizer.ChatMarkers.Contains(id)));
    }

    private int[] Plain(string text) => text.Length == 0 ? [] : tokenizer.Encode(text, addSpecial: false, parseSpecial: false);
}
