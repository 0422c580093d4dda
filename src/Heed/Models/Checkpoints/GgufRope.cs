using Heed.Formats;
using Heed.Nn;

namespace Heed.Models.Checkpoints;

/// <summary>The rotary part of a GGUF file: keys "family.rope.…" and the tensors of per-pair factors.</summary>
internal sealed class GgufRope(GgufFile file, string family)
{
    private const string FactorsName = "rope_freqs.weight", LongName = "rope_factors_long.weight", ShortName = "rope_factors_short.weight";
    private const int MostPositions = 1 << 28;

    /// <summary>Adds base, scaling and the longest sequence to <paramref name="config"/>.</summary>
    /// <param name="config">The rest of the configuration.</param>
    /// <param name="rotaryDim">How many elements of a head turn.</param>
    public ModelConfig Apply(ModelConfig config, int rotaryDim)
    {
        RopeScaling scaling = Scaling(config.MaxSeqLen, rotaryDim);
        double positions = scaling.Kind == RopeScalingKind.Yarn ? Math.Max(config.MaxSeqLen, scaling.Factor * scaling.OriginalMaxSeqLen) : config.MaxSeqLen;
        if (positions > MostPositions) throw Wrong("context_length", $"makes {positions:R} positions; at most {MostPositions} are supported.");
        double theta = Number("rope.freq_base") ?? 10000;
        if (scaling.Kind == RopeScalingKind.Yarn && theta <= 1) throw Wrong("rope.freq_base", $"is {theta:R}; YaRN needs more than 1.");
        return config with { RopeTheta = theta, RopeScaling = scaling, MaxSeqLen = (int)positions };
    }

    private RopeScaling Scaling(int maxSeqLen, int rotaryDim)
    {
        double factor = Factor();
        string key = $"{family}.rope.scaling.type";
        if (!file.Metadata.TryGetString(key, out string? type)) type = factor == 1 ? "none" : "linear";
        int original = Original() ?? maxSeqLen;
        if (file.TryGet(LongName, out _)) return LongRope(original, maxSeqLen, rotaryDim);
        RopeScaling scaling = type switch
        {
            "none" => RopeScaling.None,
            "linear" => new RopeScaling(RopeScalingKind.Linear, factor, original),
            "yarn" => Yarn(factor, original),
            _ => throw new FileFormatException(file.Path, $"the scaling is '{type}', which is not supported; supported are none, linear, yarn.", key),
        };
        return file.TryGet(FactorsName, out StoredTensor? factors)
            ? scaling with { FrequencyFactors = [.. Factors(factors, rotaryDim / 2)] }
            : scaling;
    }

    private double Factor()
    {
        // A factor of 0 is how old files say that there is none.
        foreach (string key in (ReadOnlySpan<string>)["rope.scaling.factor", "rope.scale_linear"])
            if (file.Metadata.TryGetFloat($"{family}.{key}", out float value) && value != 0)
                return value > 0 && float.IsFinite(value) ? value : throw Wrong(key, $"is {value:R}; expected a number above 0.");
        return 1;
    }

    private RopeScaling Yarn(double factor, int original)
    {
        // The file's attention factor multiplies YaRN's own.
        double own = factor <= 1 ? 1 : 0.1 * Math.Log(factor) + 1;
        return new RopeScaling(RopeScalingKind.Yarn, factor, original)
        {
            AttentionFactor = own * (Number("rope.scaling.attn_factor") ?? Number("rope.scaling.yarn_attn_factor") ?? 1),
            BetaFast = Number("rope.scaling.yarn_beta_fast") ?? 32,
            BetaSlow = Number("rope.scaling.yarn_beta_slow") ?? 1,
        };
    }

    private RopeScaling LongRope(int original, int maxSeqLen, int rotaryDim)
    {
        if (!file.TryGet(LongName, out StoredTensor? longer) || !file.TryGet(ShortName, out StoredTensor? shorter))
            throw new FileFormatException(file.Path, $"the tensor is absent, and '{LongName}' is there.", ShortName);
        return new RopeScaling(RopeScalingKind.LongRope, (double)maxSeqLen / original, original)
        {
            AttentionFactor = Number("rope.scaling.attn_factor") ?? 1,
            ShortFactors = [.. Factors(shorter, rotaryDim / 2)],
            LongFactors = [.. Factors(longer, rotaryDim / 2)],
        };
    }

    private float[] Factors(StoredTensor tensor, int count)
    {
        if (tensor.Shape is not [var size] || size != count || tensor.Type != WeightType.F32)
            throw new FileFormatException(file.Path, $"the tensor is {tensor.Type} of shape {tensor.ShapeText}; expected F32 of [{count}].", tensor.Name);
        float[] factors = new float[count];
        file.ReadFloats(tensor, 0, factors);
        foreach (float factor in factors)
            if (!(factor > 0)) throw new FileFormatException(file.Path, $"the tensor holds {factor:R}; expected numbers above 0.", tensor.Name);
        return factors;
    }

    private int? Original()
    {
        const string key = "rope.scaling.original_context_length";
        if (!file.Metadata.TryGetInt($"{family}.{key}", out int value)) return null;
        return value > 1 ? value : throw Wrong(key, $"is {value}; expected an integer above 1.");
    }

    private double? Number(string key)
    {
        if (!file.Metadata.TryGetFloat($"{family}.{key}", out float value)) return null;
        return value > 0 && float.IsFinite(value) ? value : throw Wrong(key, $"is {value:R}; expected a number above 0.");
    }

    private FileFormatException Wrong(string key, string problem) => new(file.Path, problem, $"{family}.{key}");
}
