using System.Numerics;

namespace Heed.Inference.Beams;

/// <summary>Finds the few greatest of many logits in one pass; of equal ones those with lower ids.</summary>
/// <param name="count">How many.</param>
internal sealed class LikeliestTokens(int count)
{
    private readonly int[] _tokens = new int[count];

    /// <summary>The greatest ones' places, the greatest first: fewer where too few are above −∞. Valid until the next call.</summary>
    public ReadOnlySpan<int> Find(ReadOnlySpan<float> logits)
    {
        int found = 0, start = 0;
        float least = float.NegativeInfinity;
        for (; start <= logits.Length - Vector<float>.Count; start += Vector<float>.Count)
        {
            // Nearly all of a vocabulary is passed over here.
            if (!Vector.GreaterThanAny(new Vector<float>(logits[start..]), new Vector<float>(least))) continue;
            for (int token = start; token < start + Vector<float>.Count; token++) Consider(logits, token, ref found, ref least);
        }
        for (; start < logits.Length; start++) Consider(logits, start, ref found, ref least);
        return _tokens.AsSpan(0, found);
    }

    private void Consider(ReadOnlySpan<float> logits, int token, ref int found, ref float least)
    {
        float logit = logits[token];
        if (!(logit > least)) return;
        int low = 0, high = found;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (logits[_tokens[middle]] >= logit) low = middle + 1;
            else high = middle;
        }
        if (found < count) found++;
        Array.Copy(_tokens, low, _tokens, low + 1, found - 1 - low);
        _tokens[low] = token;
        if (found == count) least = logits[_tokens[^1]];
    }
}
