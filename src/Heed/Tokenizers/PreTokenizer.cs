namespace Heed.Tokenizers;

/// <summary>A part of a text on its way to the model.</summary>
internal readonly record struct TextPiece(string Text, int Start, int Length, bool AtStart)
{
    public ReadOnlySpan<char> Span => Text.AsSpan(Start, Length);
}

/// <summary>The "pre_tokenizer" of a tokenizer.json: cuts text into the words that the model works on.</summary>
internal abstract class PreTokenizer
{
    // What \w means to the original: .NET's own leaves some of these out.
    private const string WordCharacters = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u24B6-\u24E9\u200C\u200D";

    /// <summary>Whether words never reach over a <see cref="TextSeam"/>, and none depends on where the text begins.</summary>
    public virtual bool CutsAtSeams => false;

    public abstract void Apply(TextPiece piece, List<TextPiece> output);

    /// <summary>Reads a pre-tokenizer and whatever it is made of.</summary>
    /// <param name="path">The file.</param>
    /// <param name="part">The component.</param>
    /// <param name="bytes">Becomes true where words are then spelled in bytes, which must come last.</param>
    public static PreTokenizer Read(string path, JsonPart part, ref bool bytes)
    {
        if (bytes) throw part.Unsupported("a pre-tokenizer after ByteLevel");
        switch (part.Type)
        {
            case "Sequence":
                List<PreTokenizer> parts = [];
                foreach (JsonPart item in part.Required("pretokenizers").Items()) parts.Add(Read(path, item, ref bytes));
                return new Chain(parts.ToArray());
            case "ByteLevel":
                bytes = true;
                WordSplitter? splitter = part.Flag("use_regex", true) ? WordScanner.For(WordScanner.Gpt2Pattern) : null;
                return new Bytes(part.Flag("add_prefix_space", true), splitter);
            case "Split":
                return ReadSplit(path, part);
            case "Digits":
                return new SplitPreTokenizer(new RegexMatcher(path, @"\p{N}"),
                    part.Flag("individual_digits") ? SplitBehavior.Isolated : SplitBehavior.Contiguous, invert: false);
            case "Punctuation":
                return new SplitPreTokenizer(new RegexMatcher(path, @"[\p{P}$+<=>^`|~]"), Behavior(part, "Isolated"), invert: false);
            case "Whitespace":
                return new SplitPreTokenizer(new RegexMatcher(path, $"[{WordCharacters}]+|[^{WordCharacters}\\s]+"), SplitBehavior.Removed, invert: true);
            case "WhitespaceSplit":
                return new SplitPreTokenizer(new RegexMatcher(path, @"\s"), SplitBehavior.Removed, invert: false);
            case "Metaspace":
                return ReadMetaspace(part);
            default:
                throw part.Unsupported($"the pre-tokenizer '{part.Type}'");
        }
    }

    private static PreTokenizer ReadSplit(string path, JsonPart part)
    {
        JsonPart pattern = part.Required("pattern");
        SplitBehavior behavior = Behavior(part, "Isolated");
        bool invert = part.Flag("invert");
        if (pattern.TextOrNull("String") is { } literal)
            return literal.Length > 0 ? new SplitPreTokenizer(new LiteralMatcher(literal), behavior, invert) : throw pattern.Error("the pattern is empty");
        string regex = pattern.Text("Regex");
        if (behavior == SplitBehavior.Isolated && WordScanner.For(regex) is { } scanner) return new Words(scanner);
        return new SplitPreTokenizer(new RegexMatcher(path, regex), behavior, invert);
    }

    private static Metaspace ReadMetaspace(JsonPart part)
    {
        string replacement = part.TextOrNull("replacement") ?? "▁";
        if (replacement.Length != 1) throw part.Unsupported("a replacement of more than one character");
        string scheme = part.TextOrNull("prepend_scheme") ?? (part.Flag("add_prefix_space", true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never")) throw part.Unsupported($"the prepend_scheme '{scheme}'");
        return new Metaspace(replacement[0], scheme, part.Flag("split", true));
    }

    private static SplitBehavior Behavior(JsonPart part, string missing)
    {
        string name = part.TextOrNull("behavior") ?? missing;
        return Enum.TryParse(name, out SplitBehavior behavior) && Enum.IsDefined(behavior) && !char.IsAsciiDigit(name[0])
            ? behavior : throw part.Unsupported($"the behavior '{name}'");
    }

    private sealed class Chain(PreTokenizer[] parts) : PreTokenizer
    {
        public override bool CutsAtSeams => parts.Length > 0 && parts[0].CutsAtSeams && parts.Skip(1).All(part => part is Words or Bytes);

        public override void Apply(TextPiece piece, List<TextPiece> output)
        {
            List<TextPiece> current = [piece];
            foreach (PreTokenizer part in parts)
            {
                List<TextPiece> next = new(current.Count);
                foreach (TextPiece item in current) part.Apply(item, next);
                current = next;
            }

            output.AddRange(current);
        }
    }

    /// <summary>Cuts by a splitter that assigns every character to a word.</summary>
    private sealed class Words(WordSplitter splitter) : PreTokenizer
    {
        public override bool CutsAtSeams => splitter is WordScanner;

        public override void Apply(TextPiece piece, List<TextPiece> output) => Cut(piece, splitter, output);

        public static void Cut(TextPiece piece, WordSplitter splitter, List<TextPiece> output)
        {
            List<int> ends = [];
            splitter.Split(piece.Span, ends);
            int from = 0;
            foreach (int end in ends)
            {
                output.Add(new TextPiece(piece.Text, piece.Start + from, end - from, piece.AtStart && from == 0));
                from = end;
            }
        }
    }

    /// <summary>GPT-2's: a space before each part that has none, then its words. The model does the spelling in bytes.</summary>
    private sealed class Bytes(bool addsSpace, WordSplitter? splitter) : PreTokenizer
    {
        public override bool CutsAtSeams => !addsSpace && splitter is WordScanner;

        public override void Apply(TextPiece piece, List<TextPiece> output)
        {
            if (addsSpace && !piece.Span.StartsWith(" ")) piece = new TextPiece(string.Concat(" ", piece.Span), 0, piece.Length + 1, piece.AtStart);
            if (splitter is null) output.Add(piece);
            else Words.Cut(piece, splitter, output);
        }
    }

    /// <summary>Spaces become "▁", one more goes before the text, and each begins a word.</summary>
    private sealed class Metaspace(char replacement, string scheme, bool splits) : PreTokenizer
    {
        private readonly SplitPreTokenizer _split = new(new LiteralMatcher(replacement.ToString()), SplitBehavior.MergedWithNext, invert: false);

        public override void Apply(TextPiece piece, List<TextPiece> output)
        {
            string text = piece.Span.ToString().Replace(' ', replacement);
            bool prepends = scheme == "always" || (scheme == "first" && piece.AtStart);
            if (prepends && !text.StartsWith(replacement)) text = replacement + text;
            TextPiece changed = new(text, 0, text.Length, piece.AtStart);
            if (splits) _split.Apply(changed, output);
            else output.Add(changed);
        }
    }
}
