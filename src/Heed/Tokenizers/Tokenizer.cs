using System.Buffers;
using System.Globalization;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// Text to token ids and back. A tokenizer does not change after it was loaded and may be used by several threads at once.
/// </summary>
public abstract partial class Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly AddedTokenMatcher _matcher;

    private protected Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _matcher = new AddedTokenMatcher(parts.Added);
        StopIds = FindStopIds(parts);
        MaskId = FindMaskId(parts.Tokens);
        ChatMarkers = FindChatMarkers(parts);
        SentinelIds = FindSentinels(parts.Tokens);
    }

    /// <summary>How many ids there are: each id is at least 0 and less than this.</summary>
    public int VocabSize => Tokens.Count;

    /// <summary>The id that begins a sequence, or null where there is none.</summary>
    public int? BosId => _parts.BosId;

    /// <summary>The id that ends a sequence, or null where there is none.</summary>
    public int? EosId => _parts.EosId;

    /// <summary>The id for text that the vocabulary cannot spell, or null where there is none.</summary>
    public int? UnknownId => _parts.UnknownId;

    /// <summary>The id that fills up a batch, or null where there is none.</summary>
    public int? PadId => _parts.PadId;

    /// <summary>The special token that stands for a token to be found, &lt;mask&gt; or [MASK], or null where there is none.</summary>
    public int? MaskId { get; }

    /// <summary>The special tokens that stand for gaps, &lt;extra_id_0&gt;, &lt;extra_id_1&gt;, … (T5: Raffel et al. 2019, arXiv 1910.10683); empty where there are none.</summary>
    public IReadOnlyList<int> SentinelIds { get; }

    /// <summary>Every id known to end a text or a turn, <see cref="EosId"/> among them.</summary>
    public IReadOnlySet<int> StopIds { get; }

    /// <summary>Whether the model's files ask for <see cref="BosId"/> before a text.</summary>
    public bool AddsBos => BosId is { } bos && _parts.Prefix.Contains(bos);

    /// <summary>Whether the model's files ask for <see cref="EosId"/> after a text.</summary>
    public bool AddsEos => EosId is { } eos && _parts.Suffix.Contains(eos);

    /// <summary>The chat template (Jinja) that came with the tokenizer, or null.</summary>
    public string? ChatTemplate => _parts.ChatTemplate;

    /// <summary>Tokens that shape a chat, so that what somebody says must not become one. Some files add them without making them special.</summary>
    internal IReadOnlySet<int> ChatMarkers { get; }

    /// <summary>
    /// Whether a text may be encoded in parts that end at a <see cref="TextSeam"/>: the ids of the parts are then those of the whole.
    /// </summary>
    internal virtual bool CutsAtSeams => false;

    internal TokenTable Tokens => _parts.Tokens;

    internal TokenizerParts Parts => _parts;

    /// <summary>Text to ids.</summary>
    /// <param name="text">The text; a surrogate without its partner is taken as U+FFFD.</param>
    /// <param name="addSpecial">Puts the ids before and after the text that the model's files ask for.</param>
    /// <param name="parseSpecial">Special tokens written out in the text become their ids; otherwise they are plain text.</param>
    public int[] Encode(string text, bool addSpecial = true, bool parseSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Encode(text.AsSpan(), addSpecial, parseSpecial);
    }

    /// <inheritdoc cref="Encode(string, bool, bool)"/>
    public int[] Encode(ReadOnlySpan<char> text, bool addSpecial = true, bool parseSpecial = false)
    {
        List<int> ids = new(8 + (text.Length / 3));
        if (addSpecial) ids.AddRange(_parts.Prefix);
        ReadOnlySpan<char> rest = Utf16.Repair(text);
        for (int from = 0; from < rest.Length;)
        {
            AddedToken? token = _matcher.Find(rest, from, parseSpecial, out int start, out int end);
            if (start > from) EncodeText(rest[from..start], from == 0, parseSpecial, ids);
            if (token is not null) ids.Add(token.Id);
            from = end;
        }

        if (addSpecial) ids.AddRange(_parts.Suffix);
        return ids.ToArray();
    }

    /// <summary>
    /// Ids to text. Bytes that are not valid UTF-8 become U+FFFD; a space that encoding puts before a text is taken away again.
    /// </summary>
    /// <param name="ids">The ids.</param>
    /// <param name="skipSpecial">Leaves special tokens out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true)
    {
        ArrayBufferWriter<byte> bytes = new(Math.Max(16, ids.Length * 6));
        DecodeState state = _parts.Decoding.Begin(continues: false);
        foreach (int id in ids) AppendBytes(id, skipSpecial, ref state, bytes);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>The bytes that a token stands for inside a text, without regard to its neighbours.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public ReadOnlySpan<byte> TokenBytes(int id) => Tokens.Bytes(id);

    /// <summary>A token as its vocabulary spells it, for people to look at: "▁the", "Ġthe", "&lt;0x0A&gt;".</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public string TokenText(int id) => Tokens.Text(id);

    /// <summary>What kind of token an id is.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public TokenKind KindOf(int id) => Tokens.Kind(id);

    /// <summary>Whether an id is a special token: one that never comes from plain text.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public bool IsSpecial(int id) => Tokens.Kind(id) is TokenKind.Control or TokenKind.Unknown;

    /// <summary>The id of a token as the vocabulary spells it (see <see cref="TokenText"/>), or null.</summary>
    public int? IdOf(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return Tokens.TryFind(token, out int id) ? id : null;
    }

    /// <summary>A decoder that takes one id at a time; its pieces put together are <see cref="Decode"/> of all ids.</summary>
    /// <param name="skipSpecial">Leaves special tokens out.</param>
    /// <param name="continuesText">The ids go on from a text that came before, so a leading space is part of the text.</param>
    public StreamingDecoder CreateDecoder(bool skipSpecial = true, bool continuesText = false) => new(this, skipSpecial, continuesText);

    /// <summary>Writes the tokenizer as Hugging Face's tokenizer.json.</summary>
    /// <param name="path">The file to write.</param>
    /// <exception cref="NotSupportedException">The tokenizer does something that the format cannot say.</exception>
    public abstract void SaveJson(string path);

    /// <summary>Writes tokenizer.json and the tokenizer_config.json that belongs to it.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <exception cref="NotSupportedException">The tokenizer does something that the format cannot say.</exception>
    public void SaveHuggingFace(string folder)
    {
        SaveJson(Path.Combine(folder, "tokenizer.json"));
        TokenizerJsonWriter.WriteConfig(Path.Combine(folder, "tokenizer_config.json"), this);
    }

    internal void AppendBytes(int id, bool skipSpecial, ref DecodeState state, IBufferWriter<byte> output)
    {
        TokenKind kind = Tokens.Kind(id);
        if (skipSpecial && kind is TokenKind.Control or TokenKind.Unknown && !KeepsWhenSkipping(kind)) return;
        _parts.Decoding.Append(Tokens.Bytes(id), kind is TokenKind.Byte or TokenKind.Unknown, ref state, output);
    }

    /// <summary>Whether a special token leaves a trace in the text even where special tokens are left out.</summary>
    private protected virtual bool KeepsWhenSkipping(TokenKind kind) => false;

    /// <summary>Encodes text between added tokens.</summary>
    /// <param name="text">Well-formed UTF-16, not empty.</param>
    /// <param name="atStart">The text stands at the very start of what is encoded.</param>
    /// <param name="parseSpecial">As in <see cref="Encode(string, bool, bool)"/>, for tokens that are found later.</param>
    /// <param name="ids">Gets the ids.</param>
    private protected abstract void EncodeText(ReadOnlySpan<char> text, bool atStart, bool parseSpecial, List<int> ids);

    /// <summary>Whether no token that is found in plain text as a whole reaches over white space.</summary>
    private protected static bool AddedStayBetweenSpaces(IEnumerable<AddedToken> added) =>
        added.All(token => token.Special || (!token.StripsLeft && !token.StripsRight && !token.Text.Any(char.IsWhiteSpace)));

    private static HashSet<int> FindStopIds(TokenizerParts parts)
    {
        HashSet<int> stops = [.. parts.MoreStopIds];
        if (parts.EosId is { } eos) stops.Add(eos);
        string[] names =
        [
            "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|im_end|>", "<|end|>", "<|return|>",
            "<|end_of_turn|>", "<end_of_turn>", "<|eot|>", "<EOT>", "_<EOT>", "<｜end▁of▁sentence｜>", "</s>",
        ];
        foreach (string name in names)
            if (parts.Tokens.TryFind(name, out int id) && parts.Tokens.Kind(id) is TokenKind.Control or TokenKind.UserDefined) stops.Add(id);
        return stops;
    }

    private static int? FindMaskId(TokenTable tokens)
    {
        foreach (string name in (string[])["<mask>", "[MASK]", "<|mask|>"])
            if (tokens.TryFind(name, out int id) && tokens.Kind(id) is TokenKind.Control or TokenKind.UserDefined) return id;
        return null;
    }

    private static List<int> FindSentinels(TokenTable tokens)
    {
        List<int> ids = [];
        while (tokens.TryFind(string.Create(CultureInfo.InvariantCulture, $"<extra_id_{ids.Count}>"), out int id) && tokens.Kind(id) is TokenKind.Control or TokenKind.UserDefined) ids.Add(id);
        return ids;
    }

    private HashSet<int> FindChatMarkers(TokenizerParts parts)
    {
        string[] names =
        [
            "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>",
            "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CONTENT]", "[ARGS]", "[CALL_ID]",
            "<tools>", "</tools>", "<tool_response>", "</tool_response>",
        ];
        bool IsMarker(int id) => StopIds.Contains(id) || id == parts.BosId
            || parts.Tokens.Text(id) is ['<', '|', .., '|', '>'] || names.Contains(parts.Tokens.Text(id));
        return Enumerable.Range(0, parts.Tokens.Count)
            .Where(id => parts.Tokens.Kind(id) is TokenKind.Control or TokenKind.UserDefined && id != parts.UnknownId && IsMarker(id))
            .ToHashSet();
    }
}
