using Heed.Tokenizers;

namespace Heed.Training.Data;

/// <summary>What <see cref="SpanBatches"/> take out; the defaults are T5's (Raffel et al. 2019, arXiv 1910.10683).</summary>
public sealed record SpanOptions
{
    /// <summary>The tokens that stand for gaps, in the order of their use; two or more, since one ends a target.</summary>
    public required IReadOnlyList<int> Sentinels { get; init; }

    /// <summary>What ends sources and targets.</summary>
    public required int EndToken { get; init; }

    /// <summary>What the decoder reads before a target.</summary>
    public required int StartToken { get; init; }

    /// <summary>The share of tokens that are taken out; above 0, below 1.</summary>
    public double Share { get; init; } = 0.15;

    /// <summary>How many tokens a gap has in the mean; 1 or more.</summary>
    public double MeanLength { get; init; } = 3;

    /// <summary>Tokens that are never taken out, beside <see cref="EndToken"/>, <see cref="StartToken"/> and the sentinels: unknown ones, say.</summary>
    public IReadOnlyCollection<int> SpecialTokens { get; init; } = [];

    /// <summary>The same seed takes out the same tokens.</summary>
    public ulong Seed { get; init; }

    /// <summary>With the tokens of a tokenizer.</summary>
    /// <exception cref="ArgumentException">The tokenizer has no end token, or fewer than two sentinels.</exception>
    public static SpanOptions Of(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.SentinelIds.Count < 2)
            throw new ArgumentException($"SpanOptions: the tokenizer has {tokenizer.SentinelIds.Count} sentinels; expected 2 or more special tokens <extra_id_0>, <extra_id_1>, ….", nameof(tokenizer));
        int end = tokenizer.EosId ?? throw new ArgumentException("SpanOptions: the tokenizer has no end token; expected one, which tells the decoder where to stop.", nameof(tokenizer));
        return new SpanOptions
        {
            Sentinels = tokenizer.SentinelIds,
            EndToken = end,
            StartToken = tokenizer.BosId ?? end,
            SpecialTokens = [.. Enumerable.Range(0, tokenizer.VocabSize).Where(tokenizer.IsSpecial)],
        };
    }
}
