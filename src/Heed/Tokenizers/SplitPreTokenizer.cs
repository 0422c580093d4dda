namespace Heed.Tokenizers;

/// <summary>What becomes of the text that a pattern matched.</summary>
internal enum SplitBehavior
{
    /// <summary>It is left out.</summary>
    Removed,

    /// <summary>It is a word of its own.</summary>
    Isolated,

    /// <summary>It goes with what comes before it.</summary>
    MergedWithPrevious,

    /// <summary>It goes with what comes after it.</summary>
    MergedWithNext,

    /// <summary>Neighbouring matches are one word.</summary>
    Contiguous,
}

/// <summary>Finds the stretches of a text that a pattern matches: (end, is a match), without gaps.</summary>
internal abstract class StretchMatcher
{
    public abstract void Find(ReadOnlySpan<char> text, List<(int End, bool IsMatch)> stretches);

    protected static void Add(List<(int End, bool IsMatch)> stretches, int start, int end, int last)
    {
        if (start > last) stretches.Add((start, false));
        if (end > start) stretches.Add((end, true));
    }
}

/// <summary>Matches a fixed text.</summary>
internal sealed class LiteralMatcher(string literal) : StretchMatcher
{
    public override void Find(ReadOnlySpan<char> text, List<(int End, bool IsMatch)> stretches)
    {
        int last = 0;
        for (int step; (step = text[last..].IndexOf(literal)) >= 0; last += step + literal.Length)
            Add(stretches, last + step, last + step + literal.Length, last);
        if (last < text.Length) stretches.Add((text.Length, false));
    }
}

/// <summary>Matches a regular expression, with stand-ins for characters beyond the basic plane.</summary>
internal sealed class RegexMatcher(string path, string pattern, TimeSpan? limit = null) : StretchMatcher
{
    private readonly FilePattern _pattern = new(path, pattern, limit);

    public override void Find(ReadOnlySpan<char> text, List<(int End, bool IsMatch)> stretches)
    {
        ReadOnlySpan<char> mapped = RegexSplitter.MapToBasicPlane(text, out int[]? origin);
        int last = 0;
        foreach ((int start, int end) in _pattern.Matches(mapped))
        {
            Add(stretches, origin?[start] ?? start, origin?[end] ?? end, origin?[last] ?? last);
            last = end;
        }

        if (last < mapped.Length) stretches.Add((text.Length, false));
    }
}

/// <summary>Cuts text where a pattern matches.</summary>
internal sealed class SplitPreTokenizer(StretchMatcher matcher, SplitBehavior behavior, bool invert) : PreTokenizer
{
    public override void Apply(TextPiece piece, List<TextPiece> output)
    {
        List<(int End, bool IsMatch)> stretches = [];
        matcher.Find(piece.Span, stretches);
        List<(int Start, int End)> words = new(stretches.Count);
        int start = 0;
        bool previous = false;
        for (int i = 0; i < stretches.Count; i++)
        {
            (int end, bool isMatch) = (stretches[i].End, stretches[i].IsMatch != invert);
            bool joins = behavior switch
            {
                SplitBehavior.MergedWithPrevious => isMatch && !previous && words.Count > 0,
                SplitBehavior.MergedWithNext => !isMatch && previous && words.Count > 0,
                SplitBehavior.Contiguous => isMatch == previous && words.Count > 0,
                _ => false,
            };
            if (joins) words[^1] = (words[^1].Start, end);
            else if (behavior != SplitBehavior.Removed || !isMatch) words.Add((start, end));
            previous = isMatch;
            start = end;
        }

        foreach ((int from, int end) in words)
            output.Add(new TextPiece(piece.Text, piece.Start + from, end - from, piece.AtStart && from == 0));
    }
}
