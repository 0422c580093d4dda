using Heed.Formats;
using Heed.Models.Checkpoints;
using Heed.Nn;

namespace Heed.Models.Quantization;

/// <summary>How a GGUF file says what a model is: the architecture, its keys, and the rotary factors that are tensors.</summary>
internal sealed class GgufFamily
{
    private readonly string _name;

    private GgufFamily(string name, ModelConfig config)
    {
        _name = name;
        Config = config;
    }

    /// <summary>The configuration as the file will give it back.</summary>
    public ModelConfig Config { get; }

    /// <summary>How the file names its tensors.</summary>
    public TensorNames Names => FormatTensorNames.Gguf(fused: _name is "phi3" or "gpt2", Config.GatedFeedForward);

    private bool IsGpt2 => _name == "gpt2";

    /// <summary>Finds the architecture whose models have a configuration's layers.</summary>
    /// <exception cref="NotSupportedException">None has.</exception>
    public static GgufFamily Choose(ModelConfig config)
    {
        bool gpt2 = config is { Norm: NormKind.Layer, Positions: PositionKind.Learned, GatedFeedForward: false };
        bool llama = config is { Norm: NormKind.Rms, Positions: PositionKind.Rotary, GatedFeedForward: true };
        if (config.Mixer != MixerKind.Attention || (!gpt2 && !llama))
            throw new NotSupportedException($"GgufExport: no GGUF architecture has {config.Mixer} mixers, {config.Norm} norms, {config.Positions} positions and " +
                $"{(config.GatedFeedForward ? "gated" : "plain")} feed-forward parts together; expected attention with Layer, Learned and plain (gpt2), or with Rms, Rotary and gated (llama, qwen2, qwen3, phi3, gemma2).");
        if (config.RopeScaling.Kind == RopeScalingKind.Ntk)
            throw new NotSupportedException("GgufExport: GGUF has no dynamic NTK scaling of rotary positions; expected None, Linear, Yarn, Llama3 or LongRope.");
        string family = gpt2 ? "gpt2" : config.RopeScaling.Kind == RopeScalingKind.LongRope ? "phi3" : HuggingFaceFamily.NameOf(config);
        string name = family == "mistral" ? "llama" : family;
        ModelConfig written = config with
        {
            Architecture = name,
            IntermediateSize = config.FeedForwardSize,
            NumKvHeads = config.KvHeads,
            HeadDim = config.HeadSize,
            RopeLayout = name is "llama" or "gpt2" ? RopeLayout.Interleaved : RopeLayout.HalfSplit,
            // The file has float32 numbers.
            RopeTheta = gpt2 ? new ModelConfig().RopeTheta : (float)config.RopeTheta,
            RotaryDim = gpt2 ? null : config.RotaryDim,
            RopeScaling = gpt2 ? RopeScaling.None : Scaling(config),
        };
        return new GgufFamily(name, written);
    }

    /// <summary>Sets the keys that describe the model.</summary>
    public void Describe(GgufKeys keys)
    {
        ModelConfig config = Config;
        keys.Set("general.architecture", _name);
        keys.Set("general.type", "model");
        Set(keys, "context_length", config.MaxSeqLen);
        Set(keys, "embedding_length", config.HiddenSize);
        Set(keys, "block_count", config.NumLayers);
        Set(keys, "feed_forward_length", config.FeedForwardSize);
        Set(keys, "attention.head_count", config.NumHeads);
        Set(keys, "vocab_size", config.VocabSize);
        keys.Set($"{_name}.attention.{(IsGpt2 ? "layer_norm_epsilon" : "layer_norm_rms_epsilon")}", config.NormEpsilon);
        Set(keys, "attention.head_count_kv", config.KvHeads);
        if (IsGpt2) return;
        Set(keys, "attention.key_length", config.HeadSize);
        Set(keys, "attention.value_length", config.ValueHeadSize);
        Set(keys, "rope.dimension_count", config.RotarySize);
        keys.Set($"{_name}.rope.freq_base", (float)config.RopeTheta);
        if (config.Window > 0) Set(keys, "attention.sliding_window", config.Window);
        if (config.AttentionSoftCap > 0) keys.Set($"{_name}.attn_logit_softcapping", config.AttentionSoftCap);
        if (config.LogitSoftCap > 0) keys.Set($"{_name}.final_logit_softcapping", config.LogitSoftCap);
        DescribeScaling(keys);
    }

    /// <summary>The tensors of rotary factors.</summary>
    public IEnumerable<(string Name, float[] Values)> FactorTensors()
    {
        RopeScaling scaling = Config.RopeScaling;
        if (scaling.FrequencyFactors is { } factors) yield return ("rope_freqs.weight", [.. factors]);
        if (scaling.LongFactors is { } longer) yield return ("rope_factors_long.weight", [.. longer.Select(factor => (float)factor)]);
        if (scaling.ShortFactors is { } shorter) yield return ("rope_factors_short.weight", [.. shorter.Select(factor => (float)factor)]);
    }

    /// <summary>For each row of a layer of the file the row of <paramref name="model"/>'s layer; null for as they are.</summary>
    public int[]? RowOrder(ModelConfig model, string layer)
    {
        if (model.Positions != PositionKind.Rotary || model.RopeLayout == Config.RopeLayout) return null;
        Func<int, int, int, int[]> turn = Config.RopeLayout == RopeLayout.Interleaved ? RopePermutation.ToInterleaved : RopePermutation.ToHalfSplit;
        if (layer.EndsWith(WeightNames.QueryNorm, StringComparison.Ordinal) || layer.EndsWith(WeightNames.KeyNorm, StringComparison.Ordinal))
            return turn(1, model.HeadSize, model.RotarySize);
        if (!layer.EndsWith(WeightNames.Qkv, StringComparison.Ordinal)) return null;
        int[] turned = turn(model.NumHeads + model.KvHeads, model.HeadSize, model.RotarySize);
        return [.. turned, .. Enumerable.Range(turned.Length, model.KvHeads * model.ValueHeadSize)];
    }

    private void DescribeScaling(GgufKeys keys)
    {
        RopeScaling scaling = Config.RopeScaling;
        if (scaling.Kind is RopeScalingKind.Linear or RopeScalingKind.Yarn)
        {
            keys.Set($"{_name}.rope.scaling.type", scaling.Kind == RopeScalingKind.Linear ? "linear" : "yarn");
            keys.Set($"{_name}.rope.scaling.factor", (float)scaling.Factor);
        }
        if (scaling.Kind is RopeScalingKind.Yarn or RopeScalingKind.LongRope) Set(keys, "rope.scaling.original_context_length", scaling.OriginalMaxSeqLen);
        if (scaling.Kind == RopeScalingKind.LongRope) keys.Set($"{_name}.rope.scaling.attn_factor", (float)scaling.AttentionFactor!.Value);
        if (scaling.Kind != RopeScalingKind.Yarn) return;
        float factor = (float)(scaling.AttentionFactor!.Value / OwnFactor(scaling));
        if (factor != 1) keys.Set($"{_name}.rope.scaling.attn_factor", factor);
        if (scaling.BetaFast != 32) keys.Set($"{_name}.rope.scaling.yarn_beta_fast", (float)scaling.BetaFast);
        if (scaling.BetaSlow != 1) keys.Set($"{_name}.rope.scaling.yarn_beta_slow", (float)scaling.BetaSlow);
    }

    private static RopeScaling Scaling(ModelConfig config)
    {
        RopeScaling scaling = config.RopeScaling;
        RopeFrequencies.Compute(config.RotarySize, config.RopeTheta, scaling, out double amplitude);
        switch (scaling.Kind)
        {
            case RopeScalingKind.Llama3:
                double[] plain = RopeFrequencies.Compute(config.RotarySize, config.RopeTheta, RopeScaling.None, out _);
                double[] scaled = RopeFrequencies.Compute(config.RotarySize, config.RopeTheta, scaling, out _);
                return RopeScaling.None with { OriginalMaxSeqLen = config.MaxSeqLen, FrequencyFactors = [.. plain.Zip(scaled, (a, b) => (float)(a / b))] };
            case RopeScalingKind.Yarn:
                scaling = scaling with { Factor = (float)scaling.Factor, BetaFast = (float)scaling.BetaFast, BetaSlow = (float)scaling.BetaSlow };
                double own = OwnFactor(scaling);
                return scaling with { AttentionFactor = own * (float)(amplitude / own) };
            case RopeScalingKind.LongRope:
                return scaling with
                {
                    AttentionFactor = (float)amplitude,
                    Factor = (double)config.MaxSeqLen / scaling.OriginalMaxSeqLen,
                    LongFactors = [.. scaling.LongFactors!.Select(factor => (double)(float)factor)],
                    ShortFactors = [.. scaling.ShortFactors!.Select(factor => (double)(float)factor)],
                };
            default:
                return scaling with { Factor = (float)scaling.Factor };
        }
    }

    // What YaRN multiplies by where a file says nothing.
    private static double OwnFactor(RopeScaling scaling) => scaling.Factor <= 1 ? 1 : 0.1 * Math.Log(scaling.Factor) + 1;

    private void Set(GgufKeys keys, string key, int value) => keys.Set($"{_name}.{key}", (uint)value);
}
