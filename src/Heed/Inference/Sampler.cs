using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using Heed.Inference.Drafting;
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
    private SplitMix64 _random, _draftRandom;

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
        ulong seed = options.Seed ?? BitConverter.ToUInt64(fresh);
        _random = new SplitMix64(seed);
        // Drafts must not know what decides on them.
        _draftRandom = new SplitMix64(SplitMix.Mix(~seed));
    }

    /// <summary>Whether the logits alone decide.</summary>
    internal bool IsDeterministic => Array.Exists(_steps, step => step is TemperatureStep { IsGreedy: true });

    /// <summary>Counts a token, of the prompt or generated, for the steps that look at the text.</summary>
    public void Observe(int token) => _recent.Add(token);

    /// <summary>The next token.</summary>
    /// <param name="logits">One per token of the vocabulary; not changed. −∞ is impossible.</param>
    /// <exception cref="ArgumentException">The number of logits is not the vocabulary's.</exception>
    /// <exception cref="ArithmeticException">A logit is NaN or +∞, none is above −∞, or the steps leave none that is.</exception>
    public int Sample(ReadOnlySpan<float> logits)
    {
        Check("Sample", logits, _candidates.VocabSize);
        if (_isGreedy) return ArgMax.Run(logits);
        if (Narrow(logits) == 0) ThrowNoneLeft();
        return _candidates.Draw(_random.NextDouble());
    }

    /// <summary>
    /// The next token, where a draft has proposed one: that one with probability min(1, p/q), else one by max(0, p − q), so that together
    /// tokens come by p (Leviathan et al. 2022, arXiv 2211.17192; Chen et al. 2023, arXiv 2302.01318).
    /// </summary>
    internal int Sample(ReadOnlySpan<float> logits, DraftedToken drafted)
    {
        if (drafted.Probabilities.IsEmpty) return Sample(logits);
        Check("Sample", logits, _candidates.VocabSize);
        if (Narrow(logits) == 0) ThrowNoneLeft();
        if (_random.NextDouble() * drafted.Probabilities[drafted.Token] < _candidates.Probability(drafted.Token)) return drafted.Token;
        return _candidates.DrawWithout(drafted.Probabilities, _random.NextDouble());
    }

    /// <summary>Draws a token by a draft's logits, through the same steps.</summary>
    /// <param name="logits">As in <see cref="Sample(ReadOnlySpan{float})"/>.</param>
    /// <param name="probabilities">Gets the probabilities that it was drawn by, by token; or empty for the likeliest token.</param>
    /// <returns>The token, or −1 where the steps leave none.</returns>
    internal int Propose(ReadOnlySpan<float> logits, Span<double> probabilities)
    {
        Check("Draft", logits, _candidates.VocabSize);
        if (_isGreedy) return ArgMax.Run(logits);
        if (Narrow(logits) == 0) return -1;
        if (probabilities.IsEmpty) return _candidates.Draw(0);
        _candidates.Probabilities(probabilities);
        return _candidates.Draw(_draftRandom.NextDouble());
    }

    /// <summary>Takes back the last <paramref name="count"/> tokens that <see cref="Observe"/> has counted.</summary>
    internal void Forget(int count) => _recent.Remove(count);

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

    private static void Check(string operation, ReadOnlySpan<float> logits, int vocabSize)
    {
        if (logits.Length != vocabSize) throw new ArgumentException($"{operation}: got {logits.Length} logits; expected {vocabSize}.", nameof(logits));
        Check(operation, logits);
    }

    /// <summary>Applies the steps.</summary>
    /// <returns>How many tokens they leave.</returns>
    private int Narrow(ReadOnlySpan<float> logits)
    {
        _candidates.Begin(logits);
        foreach (SamplingStep step in _steps) step.Apply(_candidates);
        return _candidates.Count;
    }

    [DoesNotReturn]
    private static void ThrowNoneLeft() =>
        throw new ArithmeticException("Sample: no token is left to choose from: bans, biases or steps of your own have taken away all that the model makes possible.");
}
