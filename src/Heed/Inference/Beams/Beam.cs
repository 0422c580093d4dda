using Heed.Inference.Grammars;

namespace Heed.Inference.Beams;

/// <summary>A text that a search has begun: its last token, and the text before it, which others may share.</summary>
internal sealed class Beam
{
    private readonly Beam? _parent;
    private readonly int _token;
    private readonly float _logProbability;

    /// <summary>A text of no tokens.</summary>
    public Beam(GrammarConstraint? grammar) => Grammar = grammar;

    /// <summary>A text with one more token.</summary>
    public Beam(in BeamCandidate candidate)
    {
        _parent = candidate.Beam;
        (_token, _logProbability) = (candidate.Token, candidate.LogProbability);
        (Sum, LogProbability, Length) = (candidate.Sum, _parent.LogProbability + _logProbability, _parent.Length + 1);
        Grammar = _parent.Grammar?.Fork();
    }

    /// <summary>The log-probability by which it was chosen.</summary>
    public double Sum { get; }

    /// <summary>The log-probability by the model's own distribution.</summary>
    public double LogProbability { get; }

    /// <summary>The number of tokens.</summary>
    public int Length { get; }

    /// <summary>The last token.</summary>
    public int Token => _token;

    /// <summary>What the text must look like, up to here.</summary>
    public GrammarConstraint? Grammar { get; }

    /// <summary>Its row of the cache and of the logits.</summary>
    public int Row { get; set; }

    /// <summary>The row of the text that it goes on from.</summary>
    public int ParentRow => _parent!.Row;

    /// <summary>The tokens and their log-probabilities.</summary>
    public (int[] Tokens, float[] LogProbabilities) Unroll()
    {
        (int[] tokens, float[] values) = (new int[Length], new float[Length]);
        Beam beam = this;
        for (int i = Length - 1; i >= 0; i--, beam = beam._parent!) (tokens[i], values[i]) = (beam._token, beam._logProbability);
        return (tokens, values);
    }

    /// <summary>Writes the last tokens, as many as there is room for or as there are, in their order.</summary>
    /// <returns>Their number.</returns>
    public int CopyLast(Span<int> last)
    {
        int count = Math.Min(last.Length, Length);
        Beam beam = this;
        for (int i = count - 1; i >= 0; i--, beam = beam._parent!) last[i] = beam._token;
        return count;
    }
}
