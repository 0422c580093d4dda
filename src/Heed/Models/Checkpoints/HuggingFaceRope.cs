using Heed.Nn;

namespace Heed.Models.Checkpoints;

/// <summary>The rotary part of a Hugging Face configuration: base, scaling, and how far positions go.</summary>
internal readonly record struct HuggingFaceRope(double Theta, RopeScaling Scaling, int MaxSeqLen)
{
    private const string Supported = "default, linear, dynamic, yarn, llama3, longrope";

    // A bound that no model comes near, and below which sizes of tables cannot overflow.
    private const int MostPositions = 1 << 28;

    /// <summary>
    /// Reads rope_theta and rope_scaling, or rope_parameters which holds both (transformers 5).
    /// </summary>
    /// <param name="json">config.json.</param>
    /// <param name="rotaryDim">How many elements of a head turn.</param>
    /// <param name="maxPositions">max_position_embeddings.</param>
    public static HuggingFaceRope Read(JsonSettings json, int rotaryDim, int maxPositions)
    {
        JsonSettings? section = json.Section("rope_parameters") ?? json.Section("rope_scaling");
        double theta = json.Positive("rope_theta", 10000);
        if (section is null) return Bounded(json, theta, RopeScaling.None, maxPositions);
        if (section.Has("full_attention") || section.Has("sliding_attention"))
            throw section.Wrong("full_attention", "gives kinds of layers rotary parameters of their own, which is not supported; expected one set for all layers.");
        theta = section.Positive("rope_theta", theta);
        string key = section.Has("rope_type") ? "rope_type" : "type";
        string kind = section.OptionalText(key) ?? "default";
        switch (kind)
        {
            case "default":
                return Bounded(json, theta, RopeScaling.None, maxPositions);
            case "linear":
                return Bounded(json, theta, new RopeScaling(RopeScalingKind.Linear, section.Positive("factor"), maxPositions), maxPositions);
            case "dynamic":
                if (rotaryDim <= 2) throw section.Unsupported(key, kind, "others for heads of 2 rotary elements");
                RopeScaling ntk = new(RopeScalingKind.Ntk, section.Positive("factor"), maxPositions);
                return Bounded(json, theta, ntk, maxPositions * Math.Max(ntk.Factor, 1));
            case "llama3":
                return Bounded(json, theta, Llama3(section), maxPositions);
            case "yarn":
                RopeScaling yarn = Yarn(section, theta, maxPositions);
                return Bounded(json, theta, yarn, Math.Max(maxPositions, yarn.Factor * yarn.OriginalMaxSeqLen));
            case "longrope" or "su":
                return Bounded(json, theta, LongRope(json, section, rotaryDim, maxPositions), maxPositions);
            default:
                throw section.Unsupported(key, kind, Supported);
        }
    }

    private static HuggingFaceRope Bounded(JsonSettings json, double theta, RopeScaling scaling, double positions) => positions <= MostPositions
        ? new(theta, scaling, (int)positions)
        : throw json.Wrong("max_position_embeddings", $"makes {positions:R} positions; at most {MostPositions} are supported.");

    private static RopeScaling Llama3(JsonSettings section)
    {
        RopeScaling scaling = new(RopeScalingKind.Llama3, section.Positive("factor"), section.Size("original_max_position_embeddings"))
        {
            LowFrequencyFactor = section.Positive("low_freq_factor"),
            HighFrequencyFactor = section.Positive("high_freq_factor"),
        };
        return scaling.HighFrequencyFactor > scaling.LowFrequencyFactor
            ? scaling
            : throw section.Wrong("high_freq_factor", $"is {scaling.HighFrequencyFactor:R}; expected more than low_freq_factor, {scaling.LowFrequencyFactor:R}.");
    }

    private static RopeScaling Yarn(JsonSettings section, double theta, int maxPositions)
    {
        if (theta <= 1) throw section.Wrong("rope_theta", $"is {theta:R}; YaRN needs more than 1.");
        double factor = section.Positive("factor");
        return new RopeScaling(RopeScalingKind.Yarn, factor, section.OptionalSize("original_max_position_embeddings") ?? maxPositions)
        {
            BetaFast = section.Positive("beta_fast", 32),
            BetaSlow = section.Positive("beta_slow", 1),
            Truncate = section.Flag("truncate", fallback: true),
            AttentionFactor = section.Has("attention_factor") ? section.Positive("attention_factor") : Temperature(section, factor),
        };
    }

    /// <summary>DeepSeek's two numbers in place of one: the quotient of their temperatures; null for YaRN's own.</summary>
    private static double? Temperature(JsonSettings section, double factor)
    {
        if (section.OptionalNumber("mscale") is not { } above || section.OptionalNumber("mscale_all_dim") is not { } below || above == 0 || below == 0) return null;
        double quotient = Of(above) / Of(below);
        return quotient > 0 && double.IsFinite(quotient) ? quotient : throw section.Wrong("mscale", $"makes the attention factor {quotient:R}; expected more than 0.");

        double Of(double scale) => factor <= 1 ? 1 : 0.1 * scale * Math.Log(factor) + 1;
    }

    private static RopeScaling LongRope(JsonSettings json, JsonSettings section, int rotaryDim, int maxPositions)
    {
        int original = json.OptionalSize("original_max_position_embeddings") ?? section.OptionalSize("original_max_position_embeddings") ?? maxPositions;
        if (original < 2) throw json.Wrong("original_max_position_embeddings", $"is {original}; longrope needs more than 1.");
        double factor = json.Has("original_max_position_embeddings") || !section.Has("factor")
            ? (double)maxPositions / original
            : section.Positive("factor");
        return new RopeScaling(RopeScalingKind.LongRope, factor, original)
        {
            AttentionFactor = section.Has("attention_factor") ? section.Positive("attention_factor") : null,
            ShortFactors = Factors(section, "short_factor", rotaryDim / 2),
            LongFactors = Factors(section, "long_factor", rotaryDim / 2),
        };
    }

    private static double[] Factors(JsonSettings section, string key, int count)
    {
        double[] factors = section.Numbers(key);
        if (factors.Length != count) throw section.Wrong(key, $"has {factors.Length} numbers; expected {count}, one for each rotary pair.");
        foreach (double factor in factors)
            if (factor <= 0) throw section.Wrong(key, $"holds {factor:R}; expected numbers above 0.");
        return factors;
    }
}
