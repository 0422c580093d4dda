namespace Heed.Tokenizers;

/// <summary>
/// Collects a chat's ids. Text between two markers is encoded in one go, because that is how a template's text would be:
/// what stands next to each other may merge.
/// </summary>
internal sealed class ChatWriter(ChatFormatKind kind, Tokenizer tokenizer)
{
    private readonly List<int> _ids = [];
    private string _pending = string.Empty;

    public Tokenizer Tokenizer => tokenizer;

    public bool Has(string marker) => Find(marker) is not null;

    /// <summary>Text that is never read as a special token.</summary>
    public void Text(string text) => _pending += text;

    /// <summary>Text of the format itself.</summary>
    public void Literal(string text) => _pending += text;

    /// <summary>A marker, by its id.</summary>
    public void Marker(string marker) =>
        Id(Find(marker) ?? throw new ArgumentException($"Render: the vocabulary has no special token '{marker}', which the format {kind} needs.", nameof(marker)));

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
        if (_pending.Length > 0) _ids.AddRange(tokenizer.Encode(_pending, addSpecial: false, parseSpecial: false));
        _pending = string.Empty;
    }
}
