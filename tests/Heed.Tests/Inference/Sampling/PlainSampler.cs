using Heed.Inference;
using Heed.Inference.Sampling;

namespace Heed.Tests.Inference.Sampling;

/// <summary>What the options mean, in double precision and without regard to speed: the oracle of the steps.</summary>
internal static class PlainSampler
{
    /// <summary>The probability of each token.</summary>
    public static double[] Probabilities(GenerationOptions options, ReadOnlySpan<float> logits, params int[] text)
    {
        double[] scores = [.. logits.ToArray().Select(logit => (double)logit)];
        foreach ((int token, float bias) in options.LogitBias) scores[token] += bias;
        foreach (int token in options.BannedTokens) scores[token] = double.NegativeInfinity;
        int window = options.PenaltyWindow == 0 ? text.Length : options.PenaltyWindow;
        foreach (IGrouping<int, int> token in text.TakeLast(window).GroupBy(token => token))
        {
            double score = scores[token.Key];
            score = score > 0 ? score / options.RepetitionPenalty : score * options.RepetitionPenalty;
            scores[token.Key] = score - options.PresencePenalty - token.Count() * options.FrequencyPenalty;
        }
        if (options.Temperature == 0) return Only(scores, [Ordered(scores)[0]], _ => 1);
        double most = scores.Max();
        double[] weights = [.. scores.Select(score => Math.Exp((score - most) / options.Temperature))];
        List<int> left = [.. Enumerable.Range(0, weights.Length).Where(token => weights[token] > 0)];
        if (options.TopK > 0) left = [.. Ordered(weights).Where(left.Contains).Take(options.TopK)];
        if (options.TopP < 1) left = Until(left, Ordered(weights), weights, options.TopP, options.TopPBoundary == TopPBoundary.AtMost);
        if (options.MinP > 0) left = [.. left.Where(token => weights[token] >= options.MinP * left.Max(other => weights[other]))];
        if (options.TypicalP < 1)
        {
            double total = left.Sum(token => weights[token]);
            double Information(int token) => -Math.Log(weights[token] / total);
            double entropy = left.Sum(token => weights[token] / total * Information(token));
            left = Until(left, [.. left.OrderBy(token => Math.Abs(Information(token) - entropy)).ThenBy(token => token)], weights, options.TypicalP, goesOn: false);
        }
        return Only(weights, left, token => weights[token]);
    }

    private static List<int> Until(List<int> left, int[] order, double[] weights, double part, bool goesOn)
    {
        double enough = part * left.Sum(token => weights[token]), before = 0;
        List<int> kept = [];
        foreach (int token in order.Where(left.Contains))
        {
            if (before > enough || before == enough && !goesOn) break;
            kept.Add(token);
            before += weights[token];
        }
        return kept;
    }

    private static int[] Ordered(double[] values) => [.. Enumerable.Range(0, values.Length).OrderByDescending(token => values[token]).ThenBy(token => token)];

    private static double[] Only(double[] all, IReadOnlyCollection<int> left, Func<int, double> weight)
    {
        double total = left.Sum(weight);
        return [.. Enumerable.Range(0, all.Length).Select(token => left.Contains(token) ? weight(token) / total : 0)];
    }
}
