using System.Numerics.Tensors;
using Heed.Inference.Sampling;

namespace Heed.Inference.Beams;

/// <summary>
/// Says which tokens may follow a beam, and how likely: the log-softmax of the logits after grammar, biases, bans and penalties, that is,
/// of what a sampler at temperature 1 would draw from.
/// </summary>
internal sealed class BeamScorer
{
    private readonly SamplingStep[] _steps;
    private readonly RecentTokens _recent;
    private readonly TokenCandidates? _changed;
    private readonly int[] _prompt;
    private readonly LikeliestTokens _likeliest;
    private readonly float[] _shunning;
    private readonly double _diversity;
    private int[] _last = [];

    /// <param name="options">Whose biases, bans and penalties count.</param>
    /// <param name="beams">How the search goes.</param>
    /// <param name="prompt">The tokens before the texts.</param>
    /// <param name="vocabSize">The number of logits.</param>
    /// <param name="perBeam">How many candidates of a beam are wanted.</param>
    public BeamScorer(GenerationOptions options, BeamOptions beams, int[] prompt, int vocabSize, int perBeam)
    {
        _steps = [.. (options with { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, TypicalP = 1 }).DefaultSteps()];
        foreach (SamplingStep step in _steps) step.Check(vocabSize);
        _recent = new RecentTokens(_steps.Length == 0 ? 0 : _steps.Max(step => step.Window), vocabSize);
        if (_steps.Length > 0) _changed = new TokenCandidates(vocabSize, _recent);
        (_prompt, _diversity) = (prompt, beams.DiversityPenalty);
        _likeliest = new LikeliestTokens(Math.Min(perBeam, vocabSize));
        _shunning = _diversity > 0 ? new float[vocabSize] : [];
    }

    /// <summary>Adds the likeliest tokens after a beam.</summary>
    /// <param name="beam">The beam.</param>
    /// <param name="place">Its place in its group.</param>
    /// <param name="logits">What the model says.</param>
    /// <param name="taken">How often each token was taken by the groups before, at this step.</param>
    /// <param name="candidates">Where they go.</param>
    /// <param name="cancellation">Looked at by grammars.</param>
    /// <exception cref="ArithmeticException">The logits are no distribution.</exception>
    public void Add(Beam beam, int place, ReadOnlySpan<float> logits, Dictionary<int, int> taken, List<BeamCandidate> candidates, CancellationToken cancellation)
    {
        Sampler.Check("SearchAsync", logits);
        (float Max, double Log) own = Sampler.LogTotal(logits), total = own;
        bool isOwn = beam.Grammar is null && _steps.Length == 0;
        ReadOnlySpan<float> chosen = isOwn ? logits : Change(beam, logits, cancellation);
        if (!isOwn)
        {
            if (float.IsNegativeInfinity(TensorPrimitives.Max(chosen))) return; // Bans have left nothing: the text leads nowhere.
            Sampler.Check("SearchAsync", chosen);
            total = Sampler.LogTotal(chosen);
        }
        foreach (int token in _likeliest.Find(Shun(chosen, taken)))
        {
            float logProbability = Sampler.LogProbability(chosen, token, total);
            double sum = beam.Sum + logProbability;
            double score = taken.TryGetValue(token, out int times) ? sum - _diversity * times : sum;
            candidates.Add(new BeamCandidate(beam, place, token, sum, score, isOwn ? logProbability : Sampler.LogProbability(logits, token, own)));
        }
    }

    private ReadOnlySpan<float> Change(Beam beam, ReadOnlySpan<float> logits, CancellationToken cancellation)
    {
        if (beam.Grammar is { } grammar) logits = grammar.Apply(logits, cancellation);
        if (_changed is null) return logits;
        Remember(beam);
        _changed.Begin(logits);
        foreach (SamplingStep step in _steps) step.Apply(_changed);
        return _changed.Logits;
    }

    /// <summary>The latest tokens of prompt and text, as the penalties want to see them.</summary>
    private void Remember(Beam beam)
    {
        if (_recent.Window == 0) return;
        _recent.Clear();
        int wanted = Math.Min(_recent.Window, beam.Length);
        if (_last.Length < wanted) _last = new int[Math.Max(wanted, 2 * _last.Length)];
        Span<int> last = _last.AsSpan(0, wanted);
        beam.CopyLast(last);
        foreach (int token in _prompt.AsSpan(Math.Max(0, _prompt.Length - (_recent.Window - wanted)))) _recent.Add(token);
        foreach (int token in last) _recent.Add(token);
    }

    /// <summary>The logits by which a group ranks: lower for what the groups before it have taken.</summary>
    private ReadOnlySpan<float> Shun(ReadOnlySpan<float> logits, Dictionary<int, int> taken)
    {
        if (taken.Count == 0) return logits;
        logits.CopyTo(_shunning);
        foreach ((int token, int times) in taken) _shunning[token] -= (float)(_diversity * times);
        return _shunning;
    }
}
