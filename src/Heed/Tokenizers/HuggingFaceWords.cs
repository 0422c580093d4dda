namespace Heed.Tokenizers;

/// <summary>How a tokenizer.json cuts text into words, as far as GGUF can say it.</summary>
/// <param name="Patterns">The regular expressions that cut, one after the other.</param>
/// <param name="IsByteLevel">Words are spelled in bytes.</param>
/// <param name="EscapesSpaces">Spaces become "▁".</param>
/// <param name="AddsSpace">A space goes before the text.</param>
internal sealed record HuggingFaceWords(IReadOnlyList<string> Patterns, bool IsByteLevel, bool EscapesSpaces, bool AddsSpace)
{
    /// <exception cref="NotSupportedException">It does something else to the text.</exception>
    public static HuggingFaceWords Read(JsonPart root)
    {
        HuggingFaceWords words = new([], IsByteLevel: false, EscapesSpaces: false, AddsSpace: false);
        if (root.Child("normalizer") is { } normalizer) words = words.Normalized(normalizer);
        return root.Child("pre_tokenizer") is { } cuts ? words.Cut(cuts) : words;
    }

    private HuggingFaceWords Normalized(JsonPart part)
    {
        switch (part.Type)
        {
            case "Sequence":
                HuggingFaceWords words = this;
                foreach (JsonPart item in part.Required("normalizers").Items()) words = words.Normalized(item);
                return words;
            case "Prepend" when part.Text("prepend") == "▁":
                return this with { AddsSpace = true };
            case "Replace" when part.Required("pattern").TextOrNull("String") == " " && part.Text("content") == "▁":
                return this with { EscapesSpaces = true };
            default:
                throw GgufVocabularyMaker.Unsupported($"its normalizer '{part.Type}'");
        }
    }

    private HuggingFaceWords Cut(JsonPart part)
    {
        switch (part.Type)
        {
            case "Sequence":
                HuggingFaceWords words = this;
                foreach (JsonPart item in part.Required("pretokenizers").Items()) words = words.Cut(item);
                return words;
            case "ByteLevel" when !part.Flag("add_prefix_space", true):
                return this with { IsByteLevel = true, Patterns = part.Flag("use_regex", true) ? [.. Patterns, WordScanner.Gpt2Pattern] : Patterns };
            case "Split" when part.Required("pattern").TextOrNull("Regex") is { } pattern && (part.TextOrNull("behavior"), part.Flag("invert")) is ("Isolated", false) or ("Removed", true):
                return this with { Patterns = [.. Patterns, pattern] };
            case "Digits" when part.Flag("individual_digits"):
                return this with { Patterns = [.. Patterns, @"\p{N}"] };
            case "Metaspace":
                string scheme = part.TextOrNull("prepend_scheme") ?? (part.Flag("add_prefix_space", true) ? "always" : "never");
                return this with { EscapesSpaces = true, AddsSpace = scheme != "never" };
            default:
                throw GgufVocabularyMaker.Unsupported($"its pre-tokenizer '{part.Type}'");
        }
    }
}
