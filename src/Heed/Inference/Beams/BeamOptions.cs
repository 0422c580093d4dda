namespace Heed.Inference.Beams;

/// <summary>How texts are searched for instead of drawn: the likeliest ones by beam search (Graves 2012, arXiv 1211.3711).</summary>
public sealed record BeamOptions
{
    /// <summary>More beams than this are no search that a machine has memory for.</summary>
    public const int MostBeams = 4096;

    /// <summary>How many texts are written on side by side, at most <see cref="MostBeams"/>; 1 is greedy.</summary>
    public int Beams { get; init; } = 4;

    /// <summary>How many of the best texts come back, at most; up to <see cref="Beams"/>.</summary>
    public int ReturnCount { get; init; } = 1;

    /// <summary>
    /// α of the length penalty ((5 + n) / 6)^α that log-probabilities are divided by (Wu et al. 2016, arXiv 1609.08144), n being the number
    /// of generated tokens, an end token included. 0 ranks by plain probability, which favours short texts; above 0 favours longer ones.
    /// </summary>
    public double LengthPenalty { get; init; } = 0.6;

    /// <summary>When the search is over before the bound of tokens.</summary>
    public BeamStopping Stopping { get; init; } = BeamStopping.WhenFull;

    /// <summary>
    /// Into how many groups the beams part, each of which searches for itself and shuns at each step the tokens that the groups before it
    /// have just taken (Vijayakumar et al. 2016, arXiv 1610.02424); divides <see cref="Beams"/>.
    /// </summary>
    public int Groups { get; init; } = 1;

    /// <summary>What a token loses in a group's choice for each beam of the groups before it that takes it at the same step. It is no part of a text's score.</summary>
    public double DiversityPenalty { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range; the message names it.</exception>
    public BeamOptions Validate()
    {
        Check(Beams is >= 1 and <= MostBeams, nameof(Beams), Beams, $"1 to {MostBeams}");
        Check(ReturnCount >= 1 && ReturnCount <= Beams, nameof(ReturnCount), ReturnCount, $"1 to {Beams}, the number of beams");
        Check(double.IsFinite(LengthPenalty), nameof(LengthPenalty), LengthPenalty, "a finite number");
        Check(Enum.IsDefined(Stopping), nameof(Stopping), (int)Stopping, string.Join(", ", Enum.GetNames<BeamStopping>()));
        Check(Groups >= 1 && Beams % Groups == 0, nameof(Groups), Groups, $"a divisor of {Beams}, the number of beams");
        Check(DiversityPenalty >= 0 && double.IsFinite(DiversityPenalty), nameof(DiversityPenalty), DiversityPenalty, "0 or more");
        Check(DiversityPenalty == 0 || Groups > 1, nameof(DiversityPenalty), DiversityPenalty, "0 where there is one group: Groups says how many there are");
        return this;
    }

    /// <summary>What the log-probability of a text of so many tokens is divided by.</summary>
    internal double PenaltyOf(int tokens) => Math.Pow((5.0 + tokens) / 6, LengthPenalty);

    private static void Check(bool holds, string name, object? got, string expected)
    {
        if (!holds) throw new ArgumentOutOfRangeException(name, got, $"BeamOptions: {name} is {got}; expected {expected}.");
    }
}
