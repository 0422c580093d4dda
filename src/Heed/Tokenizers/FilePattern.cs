using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Heed.Tokenizers;

/// <summary>A regular expression out of a tokenizer's file: one that .NET does not understand, or that takes too long, is the file's fault.</summary>
internal sealed class FilePattern
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);
    private readonly string _path;
    private readonly Regex _regex;

    /// <param name="path">The file.</param>
    /// <param name="pattern">The expression.</param>
    /// <param name="limit">How long one search may take; null for the usual time.</param>
    /// <exception cref="FileFormatException">.NET does not understand it.</exception>
    public FilePattern(string path, string pattern, TimeSpan? limit = null)
    {
        _path = path;
        try
        {
            _regex = new Regex(pattern, RegexOptions.CultureInvariant, limit ?? s_limit);
        }
        catch (ArgumentException error)
        {
            throw new FileFormatException(path, $"the regular expression '{pattern}' is not supported: {error.Message}", "pre_tokenizer", inner: error);
        }
    }

    /// <summary>All matches, which may be empty ones.</summary>
    /// <exception cref="FileFormatException">A search took too long.</exception>
    public List<(int Start, int End)> Matches(ReadOnlySpan<char> text)
    {
        List<(int Start, int End)> matches = [];
        try
        {
            foreach (ValueMatch match in _regex.EnumerateMatches(text)) matches.Add((match.Index, match.Index + match.Length));
            return matches;
        }
        catch (RegexMatchTimeoutException error)
        {
            string limit = error.MatchTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            throw new FileFormatException(_path, $"the regular expression '{_regex}' takes more than {limit} s on a text of {text.Length} characters", inner: error);
        }
    }
}
