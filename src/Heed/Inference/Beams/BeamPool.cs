namespace Heed.Inference.Beams;

/// <summary>The best finished texts of a group, the best first; of equal ones that which was finished first.</summary>
internal sealed class BeamPool(BeamOptions options, int size)
{
    private readonly List<FinishedBeam> _best = [];

    public IReadOnlyList<FinishedBeam> Best => _best;

    public bool IsFull => _best.Count == size;

    /// <summary>The score of the worst that is kept.</summary>
    public double Worst => _best[^1].Score;

    /// <summary>Takes a text in, and drops the worst one if there are too many.</summary>
    public void Add(Beam beam, FinishReason reason)
    {
        double score = beam.Length == 0 ? 0 : beam.Sum / options.PenaltyOf(beam.Length);
        if (IsFull && !(score > Worst)) return;
        int place = _best.Count;
        while (place > 0 && _best[place - 1].Score < score) place--;
        _best.Insert(place, new FinishedBeam(beam, score, reason));
        if (_best.Count > size) _best.RemoveAt(size);
    }
}
