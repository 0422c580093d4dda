namespace Heed.Tokenizers;

/// <summary>
/// Collects a chat's ids. Text between two markers is encoded in one go, because that is how a template's text would be:
/// what stands next to each other may merge.
/// </summary>
internal sealed class ChatWriter(ChatFormatKind kind, Tokenizer tokenizer, bool marksAnswers = false)
{
    private readonly List<int> _ids = [];
    private readonly List<bool> _isAnswer = [];
    private bool _inAnswer;
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

    /// <summary>
    /// What comes next is the model's, up to <see cref="EndAnswer"/>. Where answers are marked it is encoded by itself, because
    /// that is how the model finds the text before it when it begins to answer.
    /// </summary>
    public void BeginAnswer()
    {
        if (!marksAnswers) return;
        Flush();
        _inAnswer = true;
    }

    /// <summary>The end of what the model says, its end marker included.</summary>
    public void EndAnswer()
    {
        if (_pending.Length > 0 && _inAnswer) Flush();
        _inAnswer = false;
    }

    /// <summary>Text with a space before it, which goes without saying where a vocabulary puts one before every text that is encoded by itself.</summary>
    public void SpacedText(string text)
    {
        bool addsSpace = _inAnswer && Plain("x") is [int first, ..] && tokenizer.TokenBytes(first).StartsWith(" "u8);
        Text(addsSpace ? text : " " + text);
    }

    /// <summary>A marker, by its id.</summary>
    public void Marker(string marker)
    {
        int id = Find(marker)
            ?? throw new ArgumentException($"Render: the vocabulary has no special token '{marker}', which the format {kind} needs.", nameof(marker));
        Marker(tokenizer.Parts.Added.FirstOrDefault(token => token.Id == id) ?? new AddedToken(id, marker, Special: true));
    }

    /// <summary>A marker, with the white space that it takes along.</summary>
    public void Marker(AddedToken token)
    {
        if (token.StripsLeft) _pending = _pending.TrimEnd();
        Id(token.Id);
        _trimsStart = token.StripsRight;
    }

    /// <summary>An id, or nothing where the vocabulary has none.</summary>
    public void Id(int? id)
    {
        Flush();
        _trimsStart = false;
        if (id is { } value) Add(value);
    }

    public int[] ToArray()
    {
        Flush();
        return _ids.ToArray();
    }

    public DialogTokens ToDialog() => new(ToArray(), _isAnswer.ToArray());

    private int? Find(string marker) =>
        tokenizer.IdOf(marker) is { } id && tokenizer.KindOf(id) is TokenKind.Control or TokenKind.UserDefined ? id : null;

    private void Flush()
    {
        string text = _trimsStart ? _pending.TrimStart() : _pending;
        foreach (int id in Plain(text))
        {
            if (tokenizer.ChatMarkers.Contains(id)) Spell(id);
            else Add(id);
        }

        _pending = string.Empty;
        _trimsStart &= text.Length == 0;
    }

    // A vocabulary may find a marker in plain text; cut in two it is only text.
    private void Spell(int marker)
    {
        string text = tokenizer.TokenText(marker);
        foreach (string part in new[] { text[..1], text[1..] })
            foreach (int id in Plain(part).Where(id => !tokenizer.ChatMarkers.Contains(id))) Add(id);
    }

    private void Add(int id)
    {
        _ids.Add(id);
        _isAnswer.Add(_inAnswer);
    }

    private int[] Plain(string text) => text.Length == 0 ? [] : tokenizer.Encode(text, addSpecial: false, parseSpecial: false);
}
