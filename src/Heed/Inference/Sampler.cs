using System.Numerics.Tensors;
using System.Security.Cryptography;
using Heed.Kernels;

namespace Heed.Inference;

/// <summary>
/// Chooses the next token from logits: penalties, then temperature, top-k, top-p and min-p, then a draw. Allocates nothing
/// per token with a penalty window. Of equally likely tokens the one with the lower id comes first.
/// </summary>
public sealed class Sampler
{
    private readonly GenerationOptions _options;
    private readonly float[] _logits;
    private readonly ulong[] _candidates;
    private readonly int[] _occurrences;
    private readonly Queue<int> _recent = new();
    private SplitMix64 _random;

    /// <summary>A sampler for logits of <paramref name="vocabSize"/> tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public Sampler(GenerationOptions options, int vocabSize)
    {
        _options = options.Validate();
        _logits = new float[vocabSize];
        _candidates = new ulong[vocabSize];
        _occurrences = new int[vocabSize];
        Span<byte> fresh = stackalloc byte[8];
        RandomNumberGenerator.Fill(fresh);
        _random = new SplitMix64(options.Seed ?? BitConverter.ToUInt64(fresh));
    }

    /// <summary>Counts a token, of the prompt or generated, for the penalties.</summary>
    public void Observe(int token)
    {
        if ((uint)token >= (uint)_occurrences.Length) return;
        _occurrences[token]++;
        _recent.Enqueue(token);
        if (_options.PenaltyWindow > 0 && _recent.Count > _options.PenaltyWindow) _occurrences[_recent.Dequeue()]--;
    }

    /// <summary>The next token.</summary>
    /// <param name="logits">One per token of the vocabulary; not changed. NaN counts as impossible.</param>
    /// <exception cref="ArgumentException">The number of logits is not the vocabulary's.</exception>
    /// <exception cref="ArithmeticException">No logit is a number above −∞.</exception>
    public int Sample(ReadOnlySpan<float> logits)
    {
        if (logits.Length != _logits.Length)
            throw new ArgumentException($"Sample: got {logits.Length} logits; expected {_logits.Length}.", nameof(logits));
        if (_options.Temperature == 0 && !Penalises) return Likeliest(logits);
        Span<float> scores = _logits;
        logits.CopyTo(scores);
        Penalise(scores);
        if (_options.Temperature == 0) return Likeliest(scores);
        int count = Candidates(scores);
        count = Cut(_candidates.AsSpan(0, count), scores);
        return Draw(_candidates.AsSpan(0, count), scores);
    }

    /// <summary>The natural logarithm of a token's probability under plain softmax.</summary>
    public static float LogProbability(ReadOnlySpan<float> logits, int token)
    {
        float max = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits) sum += Math.Exp(logit - max);
        return (float)(logits[token] - max - Math.Log(sum));
    }

    private bool Penalises => _options.RepetitionPenalty != 1 || _options.PresencePenalty != 0 || _options.FrequencyPenalty != 0;

    private void Penalise(Span<float> scores)
    {
        if (!Penalises) return;
        foreach (int token in _recent)
        {
            int times = _occurrences[token];
            if (times <= 0) continue;
            float score = scores[token];
            score = score > 0 ? score / _options.RepetitionPenalty : score * _options.RepetitionPenalty;
            scores[token] = score - _options.PresencePenalty - times * _options.FrequencyPenalty;
            _occurrences[token] = -times; // Seen: a token that occurs often is penalised once.
        }
        foreach (int token in _recent)
            if (_occurrences[token] < 0) _occurrences[token] = -_occurrences[token];
    }

    private static int Likeliest(ReadOnlySpan<float> scores)
    {
        int best = ArgMax.Run(scores);
        if (!(scores[best] > float.NegativeInfinity)) ThrowNoToken();
        return best;
    }

    /// <summary>
    /// Turns scores into unnormalised probabilities and lists the tokens that may survive the cuts, likeliest first.
    /// </summary>
    private int Candidates(Span<float> scores)
    {
        float max = scores[Likeliest(scores)];
        if (float.IsPositiveInfinity(max)) TensorPrimitives.Min(scores, float.MaxValue, scores);
        max = Math.Min(max, float.MaxValue);
        double sum = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            float p = float.IsNaN(scores[i]) ? 0 : (float)Math.Exp(((double)scores[i] - max) / _options.Temperature);
            scores[i] = p;
            sum += p;
        }
        // A token below this cannot be in the nucleus: those from it on would not sum up to the missing 1 − p.
        double least = _options is { TopP: < 1, TopK: 0 } ? sum * (1 - (double)_options.TopP) / Math.Max(1, scores.Length - 1) * 0.999 : 0;
        least = Math.Min(least, 1); // The likeliest token's weight: it always stays.
        int count = 0;
        for (int i = 0; i < scores.Length; i++)
            if (scores[i] > 0 && scores[i] >= least) _candidates[count++] = ((ulong)BitConverter.SingleToUInt32Bits(scores[i]) << 32) | ~(uint)i;
        bool ordered = _options.TopK > 0 || _options.TopP < 1;
        if (ordered)
        {
            Span<ulong> found = _candidates.AsSpan(0, count);
            found.Sort();
            found.Reverse();
        }
        return count;
    }

    /// <summary>How many of the ordered candidates stay after top-k, top-p and min-p.</summary>
    private int Cut(Span<ulong> candidates, ReadOnlySpan<float> weights)
    {
        int count = _options.TopK > 0 ? Math.Min(_options.TopK, candidates.Length) : candidates.Length;
        if (_options.TopP < 1)
        {
            double total = 0, before = 0;
            if (_options.TopK > 0) foreach (ulong candidate in candidates[..count]) total += weights[TokenOf(candidate)];
            else foreach (float weight in weights) total += weight;
            int kept = 0;
            while (kept < count && before <= _options.TopP * total) before += weights[TokenOf(candidates[kept++])];
            count = kept;
        }
        if (_options.MinP > 0)
        {
            float most = 0;
            foreach (ulong candidate in candidates[..count]) most = Math.Max(most, weights[TokenOf(candidate)]);
            int kept = 0;
            for (int i = 0; i < count; i++)
                if (weights[TokenOf(candidates[i])] >= _options.MinP * most) candidates[kept++] = candidates[i];
            count = kept;
        }
        return count;
    }

    private int Draw(ReadOnlySpan<ulong> candidates, ReadOnlySpan<float> weights)
    {
        double total = 0;
        foreach (ulong candidate in candidates) total += weights[TokenOf(candidate)];
        double point = _random.NextDouble() * total;
        foreach (ulong candidate in candidates)
        {
            point -= weights[TokenOf(candidate)];
            if (point < 0) return TokenOf(candidate);
        }
        return TokenOf(candidates[^1]);
    }

    private static int TokenOf(ulong candidate) => (int)~(uint)candidate;

    private static void ThrowNoToken() => throw new ArithmeticException(
        "Sample: no logit is a number above −∞; the model's weights or its input are broken.");
}
