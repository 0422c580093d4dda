namespace Heed.Inference.Drafting;

/// <summary>How likely a draft's token is the model's choice, by how sure the draft is of it; learned from what was chosen, the latest most.</summary>
internal sealed class AcceptanceOdds
{
    private const double Kept = 0.97, GuessWeight = 3;
    private readonly double[] _odds, _weights;

    /// <param name="guesses">The odds before anything is known, one for each degree of sureness.</param>
    public AcceptanceOdds(ReadOnlySpan<double> guesses)
    {
        _odds = guesses.ToArray();
        _weights = new double[guesses.Length];
        Array.Fill(_weights, GuessWeight);
    }

    /// <summary>The odds of a token of some degree of sureness.</summary>
    public double this[int degree] => _odds[Math.Clamp(degree, 0, _odds.Length - 1)];

    public void Add(int degree, bool accepted)
    {
        degree = Math.Clamp(degree, 0, _odds.Length - 1);
        ref double weight = ref _weights[degree];
        ref double odds = ref _odds[degree];
        odds = ((odds * weight) + (accepted ? 1 : 0)) / (weight + 1);
        weight = (weight + 1) * Kept;
    }
}
