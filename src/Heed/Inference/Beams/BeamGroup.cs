namespace Heed.Inference.Beams;

/// <summary>Beams that are chosen among one another: the open ones, and the best finished ones.</summary>
internal sealed class BeamGroup
{
    private readonly BeamOptions _options;
    private readonly BeamEndings _endings;
    private readonly List<BeamCandidate> _candidates = [];
    private readonly int _size, _bound;
    private List<Beam> _open, _next = [];

    /// <param name="options">How the search goes.</param>
    /// <param name="endings">What ends a text.</param>
    /// <param name="start">The text of no tokens.</param>
    /// <param name="bound">The most tokens of a text.</param>
    public BeamGroup(BeamOptions options, BeamEndings endings, Beam start, int bound)
    {
        (_options, _endings, _size, _bound, _open) = (options, endings, options.Beams / options.Groups, bound, [start]);
        Pool = new BeamPool(options, _size);
    }

    /// <summary>The texts that are written on; none when the group's search is over.</summary>
    public IReadOnlyList<Beam> Open => _open;

    /// <summary>The best finished texts.</summary>
    public BeamPool Pool { get; }

    /// <summary>
    /// How many of the best candidates are looked at: as many as can end, and as many again as there are beams. Of one beam no more than
    /// that are needed either.
    /// </summary>
    public static int CandidatesOf(BeamOptions options, BeamEndings endings) => checked(options.Beams / options.Groups * (1 + Math.Max(1, endings.Tokens)));

    /// <summary>Writes the open texts on by one token: the best that end go to the pool, the best that do not stay open.</summary>
    /// <param name="scorer">Says what may follow.</param>
    /// <param name="logits">Of all rows.</param>
    /// <param name="vocabSize">The logits of a row.</param>
    /// <param name="taken">What the groups before have taken at this step; what this one takes is added if groups shun one another.</param>
    /// <param name="cancellation">Looked at by grammars.</param>
    public void Choose(BeamScorer scorer, ReadOnlySpan<float> logits, int vocabSize, Dictionary<int, int> taken, CancellationToken cancellation)
    {
        _candidates.Clear();
        for (int i = 0; i < _open.Count; i++) scorer.Add(_open[i], i, logits.Slice(_open[i].Row * vocabSize, vocabSize), taken, _candidates, cancellation);
        _candidates.Sort();
        _next.Clear();
        int most = Math.Min(_candidates.Count, CandidatesOf(_options, _endings));
        for (int rank = 0; rank < most && _next.Count < _size; rank++)
        {
            Beam beam = new(_candidates[rank]);
            // An end that is no better than what the beams may hold counts for nothing: others would have gone on.
            if (_endings.Of(beam) is not { } reason) _next.Add(beam);
            else if (rank < _size) Pool.Add(beam, reason);
        }
        (_open, _next) = (_next, _open);
        if (_options.DiversityPenalty > 0)
            foreach (Beam beam in _open) taken[beam.Token] = taken.GetValueOrDefault(beam.Token) + 1;
        if (IsOver()) _open.Clear();
    }

    /// <summary>Ends the open texts.</summary>
    public void Finish(FinishReason reason)
    {
        foreach (Beam beam in _open) Pool.Add(beam, reason);
        _open.Clear();
    }

    private bool IsOver()
    {
        if (_open.Count == 0 || !Pool.IsFull || _options.Stopping == BeamStopping.AtBound) return false;
        if (_options.Stopping == BeamStopping.WhenFull) return true;
        // Log-probabilities only fall; what they are divided by is the greatest at one end of the lengths to come.
        int longest = _options.LengthPenalty > 0 ? _bound : Math.Min(_open[0].Length + 1, _bound);
        double attainable = _open.Max(beam => beam.Sum) / _options.PenaltyOf(longest);
        return attainable <= Pool.Worst;
    }
}
