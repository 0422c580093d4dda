namespace Heed.Inference.Drafting;

/// <summary>
/// What speculation costs, in passes of one token: a token more in a pass, and a token of a draft. Estimated beforehand; measured where
/// the text does not depend on how long drafts are.
/// </summary>
internal sealed class DraftCosts
{
    private const int Remembered = 16;
    private const double LeastToken = 0.01, MostToken = 1;
    private readonly RecentLeast _pass = new(Remembered), _more = new(Remembered), _draft = new(Remembered);

    /// <param name="token">Of a token more in a pass, estimated.</param>
    /// <param name="draft">Of a draft's token, estimated.</param>
    /// <param name="measures">Whether measurements count.</param>
    public DraftCosts(double token, double draft, bool measures) => (Token, Draft, Measures) = (token, draft, measures);

    /// <summary>A token more in a pass.</summary>
    public double Token { get; private set; }

    /// <summary>A token of a draft.</summary>
    public double Draft { get; private set; }

    /// <summary>Whether measurements count.</summary>
    public bool Measures { get; }

    /// <summary>Counts a pass.</summary>
    /// <param name="tokens">The tokens that it read, the draft's and one before it.</param>
    /// <param name="seconds">How long it took.</param>
    /// <param name="draftSeconds">How long the draft took.</param>
    public void Add(int tokens, double seconds, double draftSeconds)
    {
        if (!Measures) return;
        if (tokens == 1) _pass.Add(seconds);
        else if (_pass.HasValue) _more.Add((seconds - _pass.Value) / (tokens - 1));
        if (tokens > 1) _draft.Add(draftSeconds / (tokens - 1));
        if (!_pass.HasValue || !_more.HasValue) return;
        Token = Math.Clamp(_more.Value / _pass.Value, LeastToken, MostToken);
        Draft = _draft.Value / _pass.Value;
    }
}
