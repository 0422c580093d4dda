using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using Heed.Inference.Sampling;
using Heed.Kernels;

namespace Heed.Inference;

/// <summary>
/// Chooses the next token from logits: one step after the other (<see cref="GenerationOptions.DefaultSteps"/>), then a draw among what
/// they leave. Allocates nothing per token where the steps look at a bounded window. Of equally likely tokens the one with the
/// lower id comes first.
/// </summary>
public sealed class Sampler
{
    private readonly SamplingStep[] _steps;
    private readonly RecentTokens _recent;
    private readonly TokenCandidates _candidates;
    private readonly bool _isGreedy;
    private SplitMix64 _random;

    /// <summary>A sampler for logits of <paramref name="vocabSize"/> tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range, or a token that it names is not in the vocabulary.</exception>
    /// <exception cref="ArgumentException">All tokens are banned.</exception>
    public Sampler(GenerationOptions options, int vocabSize)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabSize, 1);
        _steps = [.. options.Validate().Steps ?? options.DefaultSteps()];
        foreach (SamplingStep step in _steps) step.Check(vocabSize);
        _isGreedy = _steps is [TemperatureStep { IsGreedy: true }];
        _recent = new RecentTokens(_steps.Length == 0 ? 0 : _steps.Max(step => step.Window), vocabSize);
        _candidates = new TokenCandidates(vocabSize, _recent);
        Span<byte> fresh = stackalloc byte[8];
        RandomNumberGenerator.Fill(fresh);
        _random = new SplitMix64(options.Seed ?? BitConverter.ToUInt64(fresh));
    }

    /// <summary>Counts a token, of the prompt or generated, for the steps that look at the text.</summary>
    public void Observe(int token) => _recent.Add(token);

    /// <summary>The next token.</summary>
    /// <param name="logits">One per token of the vocabulary; not changed. −∞ is impossible.</param>
    /// <exception cref="ArgumentException">The number of logits is not the vocabulary's.</exception>
    /// <exception cref="ArithmeticException">A logit is NaN or +∞, none is above −∞, or the steps leave none that is.</exception>
    public int Sample(ReadOnlySpan<float> logits)
    {
        if (logits.Length != _candidates.VocabSize)
            throw new ArgumentException($"Sample: got {logits.Length} logits; expected {_candidates.VocabSize}.", nameof(logits));
        Check("Sample", logits);
        if (_isGreedy) return ArgMax.Run(logits);
        _candidates.Begin(logits);
        foreach (SamplingStep step in _steps) step.Apply(_candidates);
        if (_candidates.Count == 0) ThrowNoneLeft();
        return _candidates.Draw(_random.NextDouble());
    }

    /// <summary>The natural logarithm of a token's probability under plain softmax.</summary>
    public static float LogProbability(ReadOnlySpan<float> logits, int token) => LogProbability(logits, token, LogTotal(logits));

    /// <summary>What takes a token's logit to its log-probability: the greatest logit, and the logarithm of the sum over it.</summary>
    internal static (float Max, double Log) LogTotal(ReadOnlySpan<float> logits)
    {
        int likeliest = ArgMax.Run(logits);
        // Of the greatest logit the loss is the logarithm of the sum over it.
        return (logits[likeliest], CrossEntropy.Row(logits, likeliest, cap: 0, scale: 0, gradient: default));
    }

    internal static float LogProbability(ReadOnlySpan<float> logits, int token, (float Max, double Log) total) => (float)(logits[token] - total.Max - total.Log);

    /// <summary>Refuses logits that are no distribution.</summary>
    /// <exception cref="ArithmeticException">One is NaN or +∞, or none is above −∞.</exception>
    internal static void Check(string operation, ReadOnlySpan<float> logits)
    {
        float max = TensorPrimitives.Max(logits); // NaN where there is one.
        if (float.IsFinite(max)) return;
        if (float.IsNegativeInfinity(max)) throw new ArithmeticException($"{operation}: no logit is a number above −∞; the model's weights or its input are broken.");
        int token = 0;
        while (!float.IsNaN(logits[token]) && !float.IsPositiveInfinity(logits[token])) token++;
        throw new ArithmeticException($"{operation}: the logit of token {token} is {(float.IsNaN(logits[token]) ? "NaN" : "+∞")}; the model's weights or its input are broken.");
    }

    [DoesNotReturn]
    private static void ThrowNoneLeft() =>
        throw new ArithmeticException("Sample: no token is left to choose from: bans, biases or steps of your own have taken away all that the model makes possible.");
}
