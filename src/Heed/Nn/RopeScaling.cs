namespace Heed.Nn;

/// <summary>How rotary angles are stretched for contexts longer than a model was trained on.</summary>
public enum RopeScalingKind
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Positions divided by the factor (Chen et al. 2023, arXiv 2306.15595).</summary>
    Linear,

    /// <summary>
    /// NTK-aware: the base grows so that the longest wave is stretched by the factor once the sequence passes the original
    /// length; "dynamic" in Hugging Face's files.
    /// </summary>
    Ntk,

    /// <summary>NTK by parts with attention temperature (Peng et al. 2023, arXiv 2309.00071).</summary>
    Yarn,

    /// <summary>Llama 3.1's: short waves stay, long ones are divided by the factor, those between are blended.</summary>
    Llama3,

    /// <summary>
    /// LongRoPE: each pair's frequency is divided by a factor of its own, from one list up to the original length and from
    /// another beyond it (Ding et al. 2024, arXiv 2402.13753).
    /// </summary>
    LongRope,
}

/// <summary>The numbers of a rotary scaling; those that a kind does not use are ignored.</summary>
/// <param name="Kind">The rule.</param>
/// <param name="Factor">How many times longer the context becomes.</param>
/// <param name="OriginalMaxSeqLen">The context that the model was trained on.</param>
public sealed record RopeScaling(RopeScalingKind Kind, double Factor = 1, int OriginalMaxSeqLen = 0)
{
    /// <summary>No scaling.</summary>
    public static RopeScaling None { get; } = new(RopeScalingKind.None);

    /// <summary>YaRN: waves that turn more often than this over the original context stay as they are.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>YaRN: waves that turn less often than this are fully interpolated.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>YaRN: whether the pairs between which it blends are rounded outwards to whole ones.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>
    /// YaRN and LongRoPE: multiplies cosines and sines; null for YaRN's 0.1·ln(factor) + 1 and LongRoPE's
    /// √(1 + ln(factor)/ln(original)).
    /// </summary>
    public double? AttentionFactor { get; init; }

    /// <summary>Llama 3: waves longer than original/this are divided by the factor.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>Llama 3: waves shorter than original/this stay.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>LongRoPE: the divisors up to the original length, one for each pair.</summary>
    public IReadOnlyList<double>? ShortFactors { get; init; }

    /// <summary>LongRoPE: the divisors beyond the original length, one for each pair.</summary>
    public IReadOnlyList<double>? LongFactors { get; init; }

    /// <summary>Divides each pair's frequency, as GGUF's rope_freqs tensor says; null for none.</summary>
    public IReadOnlyList<float>? FrequencyFactors { get; init; }
}
