using System.Runtime.InteropServices;

namespace Heed.Inference.Beams;

/// <summary>A token that may follow a beam.</summary>
/// <param name="Beam">The beam.</param>
/// <param name="Place">The beam's place among those of its group.</param>
/// <param name="Token">The token.</param>
/// <param name="Sum">The log-probability of the text with it, after biases, bans, penalties and grammar.</param>
/// <param name="Score">That less what diversity takes.</param>
/// <param name="LogProbability">That of the token by the model's own distribution.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BeamCandidate(Beam Beam, int Place, int Token, double Sum, double Score, float LogProbability) : IComparable<BeamCandidate>
{
    /// <summary>The best first; of equal ones that of the lower beam, then that with the lower token.</summary>
    public int CompareTo(BeamCandidate other)
    {
        int order = other.Score.CompareTo(Score);
        if (order == 0) order = Place.CompareTo(other.Place);
        return order == 0 ? Token.CompareTo(other.Token) : order;
    }
}
