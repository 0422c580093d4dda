using System.Text;

namespace Heed.Inference;

/// <summary>
/// Finds stop texts in streamed text, across pieces: holds back what may be the beginning of one and lets the rest go.
/// </summary>
internal sealed class StopMatcher(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();

    /// <summary>Whether a stop text was found; nothing comes out after it.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Takes a piece and gives what can be shown.</summary>
    public string Push(string piece)
    {
        if (Stopped) return "";
        if (stops.Count == 0) return piece;
        _held.Append(piece);
        string text = _held.ToString();
        int found = -1;
        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (found < 0 || at < found)) found = at;
        }
        if (found >= 0)
        {
            Stopped = true;
            _held.Clear();
            return text[..found];
        }
        int keep = HeldBack(text);
        _held.Remove(0, text.Length - keep);
        return text[..^keep];
    }

    /// <summary>What was held back, when no more text comes.</summary>
    public string Flush()
    {
        string rest = _held.ToString();
        _held.Clear();
        return rest;
    }

    /// <summary>The length of the longest end of <paramref name="text"/> that begins a stop text.</summary>
    private int HeldBack(string text)
    {
        int longest = 0;
        foreach (string stop in stops)
        {
            int most = Math.Min(stop.Length - 1, text.Length);
            for (int length = most; length > longest; length--)
            {
                if (!text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length))) continue;
                longest = length;
                break;
            }
        }
        return longest;
    }
}
