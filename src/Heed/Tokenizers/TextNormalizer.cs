using System.Globalization;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>The "normalizer" of a tokenizer.json: changes text before it is cut into words.</summary>
internal abstract class TextNormalizer(string path)
{
    private const long MaxGrowth = 64;
    private const long AlwaysAllowed = 1 << 20;

    /// <summary>The text as the model sees it.</summary>
    /// <exception cref="FileFormatException">The text becomes far longer than it was, which only a malicious file asks for.</exception>
    public string Normalize(string text)
    {
        long limit = (MaxGrowth * text.Length) + AlwaysAllowed;
        string normalized = Apply(text, limit);
        CheckLength(normalized.Length, limit);
        return normalized;
    }

    /// <summary>Changes the text, but checks before it makes one that is longer than the limit.</summary>
    protected abstract string Apply(string text, long limit);

    private void CheckLength(long length, long limit)
    {
        if (length > limit) throw new FileFormatException(path, $"makes a text of {length} characters out of a short one; at most {limit} are allowed here", "normalizer");
    }

    /// <summary>Reads a normalizer and whatever it is made of.</summary>
    public static TextNormalizer Read(string path, JsonPart part) => part.Type switch
    {
        "Sequence" => new Chain(path, part.Required("normalizers").Items().Select(item => Read(path, item)).ToArray()),
        "Prepend" => new Prepend(path, part.Text("prepend")),
        "Replace" => ReadReplace(path, part),
        "NFC" => new Unicode(path, NormalizationForm.FormC),
        "NFD" => new Unicode(path, NormalizationForm.FormD),
        "NFKC" => new Unicode(path, NormalizationForm.FormKC),
        "NFKD" => new Unicode(path, NormalizationForm.FormKD),
        "Lowercase" => new Lowercase(path),
        "Strip" => new Strip(path, part.Flag("strip_left", true), part.Flag("strip_right", true)),
        "StripAccents" => new StripAccents(path),
        string type => throw part.Unsupported($"the normalizer '{type}'"),
    };

    private static Replace ReadReplace(string path, JsonPart part)
    {
        string content = part.Text("content");
        JsonPart pattern = part.Required("pattern");
        if (pattern.TextOrNull("String") is { } literal)
            return literal.Length > 0 ? new Replace(path, literal, null, content) : throw pattern.Error("the pattern is empty");
        return new Replace(path, null, new FilePattern(path, pattern.Text("Regex")), content);
    }

    private sealed class Chain(string path, TextNormalizer[] parts) : TextNormalizer(path)
    {
        protected override string Apply(string text, long limit)
        {
            foreach (TextNormalizer part in parts)
            {
                text = part.Apply(text, limit);
                CheckLength(text.Length, limit);
            }

            return text;
        }
    }

    private sealed class Prepend(string path, string prefix) : TextNormalizer(path)
    {
        protected override string Apply(string text, long limit)
        {
            if (text.Length == 0) return text;
            CheckLength((long)prefix.Length + text.Length, limit);
            return prefix + text;
        }
    }

    private sealed class Replace(string path, string? literal, FilePattern? pattern, string content) : TextNormalizer(path)
    {
        protected override string Apply(string text, long limit) => literal is not null ? ReplaceLiteral(text, literal, limit) : ReplacePattern(text, limit);

        private string ReplaceLiteral(string text, string old, long limit)
        {
            long count = text.AsSpan().Count(old);
            CheckLength(text.Length + (count * ((long)content.Length - old.Length)), limit);
            return text.Replace(old, content, StringComparison.Ordinal);
        }

        private string ReplacePattern(string text, long limit)
        {
            List<(int Start, int End)> matches = pattern!.Matches(text);
            if (matches.Count == 0) return text;
            long length = text.Length + ((long)matches.Count * content.Length) - matches.Sum(match => (long)match.End - match.Start);
            CheckLength(length, limit);
            StringBuilder replaced = new((int)length);
            int last = 0;
            foreach ((int start, int end) in matches)
            {
                replaced.Append(text, last, start - last).Append(content);
                last = end;
            }

            return replaced.Append(text, last, text.Length - last).ToString();
        }
    }

    private sealed class Unicode(string path, NormalizationForm form) : TextNormalizer(path)
    {
        protected override string Apply(string text, long limit) => UnicodeNormalizer.Normalize(text, form);
    }

    private sealed class Lowercase(string path) : TextNormalizer(path)
    {
        // U+0130 is the one character whose lower case is two.
        protected override string Apply(string text, long limit) => text.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);
    }

    private sealed class Strip(string path, bool left, bool right) : TextNormalizer(path)
    {
        protected override string Apply(string text, long limit)
        {
            if (left) text = text.TrimStart();
            return right ? text.TrimEnd() : text;
        }
    }

    private sealed class StripAccents(string path) : TextNormalizer(path)
    {
        protected override string Apply(string text, long limit)
        {
            StringBuilder kept = new(text.Length);
            foreach (Rune rune in text.EnumerateRunes())
                if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark) kept.Append(rune.ToString());
            return kept.ToString();
        }
    }
}
