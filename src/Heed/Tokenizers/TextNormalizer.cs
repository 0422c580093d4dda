using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Heed.Tokenizers;

/// <summary>The "normalizer" of a tokenizer.json: changes text before it is cut into words.</summary>
internal abstract class TextNormalizer
{
    public abstract string Normalize(string text);

    /// <summary>Reads a normalizer and whatever it is made of.</summary>
    public static TextNormalizer Read(string path, JsonPart part) => part.Type switch
    {
        "Sequence" => new Chain(part.Required("normalizers").Items().Select(item => Read(path, item)).ToArray()),
        "Prepend" => new Prepend(part.Text("prepend")),
        "Replace" => ReadReplace(path, part),
        "NFC" => new Unicode(NormalizationForm.FormC),
        "NFD" => new Unicode(NormalizationForm.FormD),
        "NFKC" => new Unicode(NormalizationForm.FormKC),
        "NFKD" => new Unicode(NormalizationForm.FormKD),
        "Lowercase" => new Lowercase(),
        "Strip" => new Strip(part.Flag("strip_left", true), part.Flag("strip_right", true)),
        "StripAccents" => new StripAccents(),
        string type => throw part.Unsupported($"the normalizer '{type}'"),
    };

    private static Replace ReadReplace(string path, JsonPart part)
    {
        string content = part.Text("content");
        JsonPart pattern = part.Required("pattern");
        if (pattern.TextOrNull("String") is { } literal)
            return literal.Length > 0 ? new Replace(literal, null, content) : throw pattern.Error("the pattern is empty");
        return new Replace(null, RegexSplitter.Compile(path, pattern.Text("Regex")), content);
    }

    private sealed class Chain(TextNormalizer[] parts) : TextNormalizer
    {
        public override string Normalize(string text) => parts.Aggregate(text, (current, part) => part.Normalize(current));
    }

    private sealed class Prepend(string prefix) : TextNormalizer
    {
        public override string Normalize(string text) => text.Length == 0 ? text : prefix + text;
    }

    private sealed class Replace(string? literal, Regex? regex, string content) : TextNormalizer
    {
        public override string Normalize(string text) =>
            literal is not null ? text.Replace(literal, content, StringComparison.Ordinal) : regex!.Replace(text, _ => content);
    }

    private sealed class Unicode(NormalizationForm form) : TextNormalizer
    {
        public override string Normalize(string text) => UnicodeNormalizer.Normalize(text, form);
    }

    private sealed class Lowercase : TextNormalizer
    {
        // U+0130 is the one character whose lower case is two.
        public override string Normalize(string text) => text.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);
    }

    private sealed class Strip(bool left, bool right) : TextNormalizer
    {
        public override string Normalize(string text)
        {
            if (left) text = text.TrimStart();
            return right ? text.TrimEnd() : text;
        }
    }

    private sealed class StripAccents : TextNormalizer
    {
        public override string Normalize(string text)
        {
            StringBuilder kept = new(text.Length);
            foreach (Rune rune in text.EnumerateRunes())
                if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark) kept.Append(rune.ToString());
            return kept.ToString();
        }
    }
}
