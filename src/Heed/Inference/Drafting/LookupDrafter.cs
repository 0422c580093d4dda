namespace Heed.Inference.Drafting;

/// <summary>
/// Finds where the text's last tokens stood before. What a match of so many tokens is worth shows in every token that is chosen, drafted or
/// not, so that a text which does not repeat costs no more than the search.
/// </summary>
internal sealed class LookupDrafter(PromptLookup options) : IDrafter
{
    // A draft must promise this much more than its cost.
    private const double LeastGain = 1.05;
    // Matches are told apart by their lengths up to this one.
    private const int LongestTold = 24;
    private readonly int _shortest = Math.Min(options.ShortestMatch, options.LongestMatch);
    private readonly int[] _copy = new int[options.MaxDraftTokens + 1];
    private AcceptanceOdds _odds = new(Guesses());
    private int _known, _match;

    public bool Samples => false;

    public void Begin(GenerationRow row) => _odds = new AcceptanceOdds(Guesses());

    public void Propose(ReadOnlySpan<int> text, Draft draft, int most, DraftCosts costs, GenerationRow row, CancellationToken cancellation)
    {
        _known = 0;
        (int at, _match) = Find(text);
        if (at < 0) return;
        _known = _copy.Length;
        // Past its end a text that repeats goes on as from the match.
        for (int i = 0; i < _known; i++) _copy[i] = at + i < text.Length ? text[at + i] : _copy[at + i - text.Length];
        int length = options.AlwaysDrafts ? most : BestLength(most, costs.Token);
        for (int i = 0; i < length; i++) draft.Add(_copy[i]);
    }

    public void Learn(ReadOnlySpan<int> chosen)
    {
        for (int i = 0; i < Math.Min(chosen.Length, _known); i++)
        {
            bool same = chosen[i] == _copy[i];
            _odds.Add(_match + i, same);
            if (!same) return;
        }
    }

    public void Dispose()
    {
    }

    /// <summary>Where what followed the longest match begins, the latest of several, and the match's length; −1 where there is none.</summary>
    private (int At, int Match) Find(ReadOnlySpan<int> text)
    {
        if (text.Length <= _shortest) return (-1, 0);
        ReadOnlySpan<int> tail = text[^_shortest..], rest = text[..^1];
        int best = 0, at = -1, longest = Math.Max(options.LongestMatch, _shortest);
        for (int i; (i = rest.LastIndexOf(tail)) >= 0; rest = rest[..(i + _shortest - 1)])
        {
            int match = _shortest;
            while (match < LongestTold && match < i + _shortest && text[i + _shortest - 1 - match] == text[^(match + 1)]) match++;
            if (Math.Min(match, longest) <= Math.Min(best, longest)) continue;
            (best, at) = (match, i + _shortest);
            if (best >= longest) break;
        }
        return (at, best);
    }

    /// <summary>The length that gives the most tokens for the time: (1 + a₁ + a₁a₂ + …) / (1 + length · cost of a token).</summary>
    private int BestLength(int most, double cost)
    {
        double alive = 1, tokens = 1, bestRate = LeastGain;
        int best = 0;
        for (int i = 0; i < most; i++)
        {
            alive *= _odds[_match + i];
            tokens += alive;
            double rate = tokens / (1 + ((i + 1) * cost));
            if (rate <= bestRate) continue;
            (best, bestRate) = (i + 1, rate);
        }
        return best;
    }

    // The longer what stood there before, the surer that it goes on alike.
    private static double[] Guesses() => [.. Enumerable.Range(0, LongestTold + 1).Select(match => match * match / (match * match + 16.0))];
}
