namespace Heed.Tokenizers;

/// <summary>Cuts text into words; byte pairs merge inside a word only. Every character belongs to exactly one word.</summary>
internal abstract class WordSplitter
{
    /// <summary>The regular expressions that say the same, applied one after the other.</summary>
    public abstract IReadOnlyList<string> Patterns { get; }

    /// <summary>Appends the end of each word, the last of which is the text's length.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="ends">Gets the ends, counted from the start of the text.</param>
    public abstract void Split(ReadOnlySpan<char> text, List<int> ends);
}
