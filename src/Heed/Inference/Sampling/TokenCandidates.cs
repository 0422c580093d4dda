using System.Diagnostics.CodeAnalysis;
using Heed.Kernels;

namespace Heed.Inference.Sampling;

/// <summary>
/// The tokens that may come next, as the steps of a sampler see them: at first all of them with the model's logits, then those that
/// the steps before have left. A token's weight is exp((logit − greatest logit) / temperature), its probability that over
/// <see cref="TotalWeight"/>; a token whose weight is 0 in float32 is no candidate.
/// </summary>
public sealed class TokenCandidates
{
    private readonly float[] _logits;
    // The bits of a weight above, a token's inverted id below: sorted downward, equal weights come with lower ids first.
    private readonly ulong[] _list;
    private readonly RecentTokens _recent;
    private ulong[] _keys = [];
    private double _temperature;
    private int _count;
    private bool _whole;
    private bool _weighed;
    private bool _sorted;

    internal TokenCandidates(int vocabSize, RecentTokens recent)
    {
        _logits = new float[vocabSize];
        _list = new ulong[vocabSize];
        _recent = recent;
    }

    /// <summary>The number of tokens that there are.</summary>
    public int VocabSize => _logits.Length;

    /// <summary>
    /// The logits by token, to be read or changed: −∞ takes a token out. What is written for a token that a step has cut off does
    /// not bring it back.
    /// </summary>
    public Span<float> Logits
    {
        get
        {
            _weighed = false;
            return _logits;
        }
    }

    /// <summary>The number of candidates.</summary>
    public int Count
    {
        get
        {
            Weigh();
            return _count;
        }
    }

    /// <summary>The latest tokens of prompt and text in their order: <paramref name="count"/> of them, or as many as there are or as steps have asked for (<see cref="SamplingStep.Window"/>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public ReadOnlySpan<int> Latest(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return _recent.Latest(count);
    }

    /// <summary>How often each of the <paramref name="window"/> latest tokens occurs among them, in the order in which they first do.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public ReadOnlySpan<TokenCount> Occurrences(int window)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(window);
        return _recent.Counts(window);
    }

    /// <summary>The token of the candidate at <paramref name="index"/>: in the order of their ids, or, after <see cref="Sort"/>, of their weights.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such candidate.</exception>
    public int Token(int index) => TokenOf(At(index));

    /// <summary>The weight of the candidate at <paramref name="index"/>, above 0 and at most 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such candidate.</exception>
    public float Weight(int index) => WeightOf(At(index));

    /// <summary>The sum of the candidates' weights.</summary>
    public double TotalWeight()
    {
        double total = 0;
        foreach (ulong candidate in List) total += WeightOf(candidate);
        return total;
    }

    /// <summary>The greatest of the candidates' weights; 0 where there is none.</summary>
    public float MaxWeight()
    {
        float most = 0;
        foreach (ulong candidate in List) most = Math.Max(most, WeightOf(candidate));
        return most;
    }

    /// <summary>Divides logits by a temperature, on top of what steps before have divided them by.</summary>
    /// <param name="temperature">Above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not above 0, or not finite.</exception>
    public void Divide(float temperature)
    {
        if (!(temperature > 0) || !float.IsFinite(temperature))
            throw new ArgumentOutOfRangeException(nameof(temperature), temperature, $"Divide: the temperature is {temperature}; expected a finite number above 0.");
        _temperature *= temperature;
        _weighed = false;
    }

    /// <summary>Orders the candidates by weight, the greatest first; of equal ones that with the lower id.</summary>
    public void Sort()
    {
        Span<ulong> list = List;
        if (_sorted) return;
        list.Sort();
        list.Reverse();
        _sorted = true;
    }

    /// <summary>Keeps the first candidates, in the order that they are in, and cuts the others off.</summary>
    /// <param name="count">How many; all where there are fewer.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public void Keep(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (count >= Count) return;
        _count = count;
        _whole = false;
    }

    /// <summary>Keeps the candidates of a weight or more, in the order that they are in, and cuts the others off.</summary>
    /// <param name="weight">The least weight; the greatest one's at most, or none is left.</param>
    public void KeepFrom(double weight)
    {
        int kept = 0;
        foreach (ulong candidate in List)
            if (WeightOf(candidate) >= weight) _list[kept++] = candidate;
        if (kept == _count) return;
        _count = kept;
        _whole = false;
    }

    /// <summary>Begins anew with a model's logits.</summary>
    internal void Begin(ReadOnlySpan<float> logits)
    {
        logits.CopyTo(_logits);
        _temperature = 1;
        _whole = true;
        _weighed = false;
    }

    /// <summary>Whether the candidates are in the order of their weights.</summary>
    internal bool IsSorted => _weighed && _sorted;

    /// <summary>Keeps the candidates of the greatest weights, in that order; of equal ones those with lower ids.</summary>
    internal void KeepGreatest(int count)
    {
        Span<ulong> list = List;
        if (!_sorted && count < list.Length)
        {
            Selection.Greatest(list, count);
            _count = count;
            _whole = false;
        }
        Sort();
        Keep(count);
    }

    /// <summary>Keeps the one candidate of the greatest logit, the lowest id of equal ones; none where all are −∞.</summary>
    internal void KeepLikeliest()
    {
        int best = _whole ? ArgMax.Run(_logits) : LikeliestOfList();
        _count = best >= 0 && _logits[best] > float.NegativeInfinity ? 1 : 0;
        if (_count > 0) _list[0] = Pack(1, best);
        (_whole, _weighed, _sorted) = (false, true, true);
    }

    /// <summary>Room for a key for each candidate, which <see cref="SortByKeys"/> orders them by.</summary>
    internal Span<ulong> Keys
    {
        get
        {
            if (_keys.Length == 0) _keys = new ulong[VocabSize];
            return _keys.AsSpan(0, Count);
        }
    }

    /// <summary>Orders the candidates by their keys, the least first.</summary>
    internal void SortByKeys()
    {
        Keys.Sort(List);
        _sorted = false;
    }

    /// <summary>The candidate in which a point of the weights, laid side by side, lies.</summary>
    /// <param name="point">From 0 to 1.</param>
    internal int Draw(double point)
    {
        ReadOnlySpan<ulong> list = List;
        point *= TotalWeight();
        foreach (ulong candidate in list)
        {
            point -= WeightOf(candidate);
            if (point < 0) return TokenOf(candidate);
        }
        return TokenOf(list[^1]);
    }

    /// <summary>Sets the probabilities of all tokens, by token.</summary>
    internal void Probabilities(Span<double> probabilities)
    {
        double total = TotalWeight();
        probabilities.Clear();
        foreach (ulong candidate in List) probabilities[TokenOf(candidate)] = WeightOf(candidate) / total;
    }

    /// <summary>A token's probability; 0 where it is no candidate.</summary>
    internal double Probability(int token)
    {
        foreach (ulong candidate in List)
            if (TokenOf(candidate) == token) return WeightOf(candidate) / TotalWeight();
        return 0;
    }

    /// <summary>The candidate in which a point of what is left of the probabilities above others lies.</summary>
    /// <param name="others">By token; they sum up to 1.</param>
    /// <param name="point">From 0 to 1.</param>
    internal int DrawWithout(ReadOnlySpan<double> others, double point)
    {
        ReadOnlySpan<ulong> list = List;
        double total = TotalWeight(), left = 0;
        foreach (ulong candidate in list) left += Math.Max(0, (WeightOf(candidate) / total) - others[TokenOf(candidate)]);
        // Equal distributions differ by rounding alone: nothing is left.
        if (!(left > 0)) return Draw(point);
        point *= left;
        int last = -1;
        foreach (ulong candidate in list)
        {
            double more = (WeightOf(candidate) / total) - others[TokenOf(candidate)];
            if (!(more > 0)) continue;
            last = TokenOf(candidate);
            point -= more;
            if (point < 0) break;
        }
        return last;
    }

    private Span<ulong> List
    {
        get
        {
            Weigh();
            return _list.AsSpan(0, _count);
        }
    }

    private int LikeliestOfList()
    {
        int best = -1;
        float most = float.NegativeInfinity;
        foreach (ulong candidate in _list.AsSpan(0, _count))
        {
            int token = TokenOf(candidate);
            if (!(_logits[token] > most) && !(_logits[token] == most && token < best)) continue;
            (best, most) = (token, _logits[token]);
        }
        return best;
    }

    private void Weigh()
    {
        if (_weighed) return;
        if (_whole) WeighAll();
        else WeighList();
        (_weighed, _sorted) = (true, false);
    }

    private void WeighAll()
    {
        float max = Math.Min(_logits[ArgMax.Run(_logits)], float.MaxValue);
        _count = 0;
        for (int token = 0; token < _logits.Length; token++) Add(token, max);
    }

    private void WeighList()
    {
        float max = float.NegativeInfinity;
        ReadOnlySpan<ulong> before = _list.AsSpan(0, _count);
        foreach (ulong candidate in before)
            if (_logits[TokenOf(candidate)] > max) max = _logits[TokenOf(candidate)];
        max = Math.Min(max, float.MaxValue);
        _count = 0;
        foreach (ulong candidate in before) Add(TokenOf(candidate), max);
    }

    // A step may have made a logit infinite, or, of two infinities, no number: the first counts as the greatest number, the second as impossible.
    private void Add(int token, float max)
    {
        float weight = (float)Math.Exp(((double)Math.Min(_logits[token], float.MaxValue) - max) / _temperature);
        if (weight > 0) _list[_count++] = Pack(weight, token);
    }

    private ulong At(int index)
    {
        ReadOnlySpan<ulong> list = List;
        if ((uint)index >= (uint)list.Length) ThrowNoCandidate(index);
        return list[index];
    }

    private static ulong Pack(float weight, int token) => ((ulong)BitConverter.SingleToUInt32Bits(weight) << 32) | ~(uint)token;

    private static int TokenOf(ulong candidate) => (int)~(uint)candidate;

    private static float WeightOf(ulong candidate) => BitConverter.UInt32BitsToSingle((uint)(candidate >> 32));

    [DoesNotReturn]
    private void ThrowNoCandidate(int index) =>
        throw new ArgumentOutOfRangeException(nameof(index), index, $"TokenCandidates: got index {index}; there are {_count} candidates.");
}
