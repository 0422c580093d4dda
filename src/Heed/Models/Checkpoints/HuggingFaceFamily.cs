using System.Globalization;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>Which of Hugging Face's families can say what a configuration is, and whether it says all of it.</summary>
internal static class HuggingFaceFamily
{
    private static readonly (string Name, Func<ModelConfig, object?> Of)[] Compared =
    [
        (nameof(ModelConfig.HiddenSize), c => c.HiddenSize), (nameof(ModelConfig.IntermediateSize), c => c.FeedForwardSize),
        (nameof(ModelConfig.NumLayers), c => c.NumLayers), (nameof(ModelConfig.NumHeads), c => c.NumHeads),
        (nameof(ModelConfig.NumKvHeads), c => c.KvHeads), (nameof(ModelConfig.HeadDim), c => c.HeadSize), (nameof(ModelConfig.ValueHeadDim), c => c.ValueHeadSize),
        (nameof(ModelConfig.VocabSize), c => c.VocabSize), (nameof(ModelConfig.Norm), c => c.Norm),
        (nameof(ModelConfig.Bidirectional), c => c.Bidirectional), (nameof(ModelConfig.NormPlacement), c => c.NormPlacement), (nameof(ModelConfig.NormEpsilon), c => c.NormEpsilon), (nameof(ModelConfig.Activation), c => c.Activation),
        (nameof(ModelConfig.GatedFeedForward), c => c.GatedFeedForward), (nameof(ModelConfig.TieEmbeddings), c => c.TieEmbeddings),
        (nameof(ModelConfig.QkvBias), c => c.QkvBias), (nameof(ModelConfig.AttentionOutputBias), c => c.AttentionOutputBias),
        (nameof(ModelConfig.FeedForwardBias), c => c.FeedForwardBias), (nameof(ModelConfig.QkNorm), c => c.QkNorm),
        (nameof(ModelConfig.PostNorms), c => c.PostNorms), (nameof(ModelConfig.Positions), c => c.Positions),
        (nameof(ModelConfig.RopeTheta), c => c.RopeTheta), (nameof(ModelConfig.RotaryDim), c => c.RotarySize),
        (nameof(ModelConfig.AttentionScale), c => Math.Round(c.AttentionOptionsOf(0).Scale, 6)),
        (nameof(ModelConfig.AttentionSoftCap), c => c.AttentionSoftCap), (nameof(ModelConfig.AttentionTopK), c => c.AttentionTopK), (nameof(ModelConfig.LogitSoftCap), c => c.LogitSoftCap),
        (nameof(ModelConfig.EmbeddingScale), c => c.EmbeddingScale), (nameof(ModelConfig.Window), Windows), (nameof(ModelConfig.RopeScaling), Frequencies),
    ];

    // Names, what others are worked out from, and what a model without the matching choice does not use.
    private static readonly string[] s_free =
    [
        nameof(ModelConfig.Architecture), nameof(ModelConfig.MultipleOf), nameof(ModelConfig.MaxSeqLen), nameof(ModelConfig.SwishBeta), nameof(ModelConfig.SinusoidalLayout),
        nameof(ModelConfig.RopeLayout), nameof(ModelConfig.WindowEvery), nameof(ModelConfig.WindowFrom), nameof(ModelConfig.Dropout),
    ];

    // A property that is added and not named above must come back as it is.
    private static readonly (string Name, Func<ModelConfig, object?> Of)[] s_all =
    [
        .. Compared, .. RecordJson.PropertiesOf(typeof(ModelConfig))
            .Where(property => !s_free.Contains(property.Name) && !Array.Exists(Compared, compared => compared.Name == property.Name))
            .Select(property => (property.Name, (Func<ModelConfig, object?>)property.GetValue)),
    ];

    /// <summary>The configuration as the written model will have it: the family's name, half-split, everything worked out.</summary>
    /// <exception cref="NotSupportedException">No family has such layers.</exception>
    public static ModelConfig Choose(ModelConfig config)
    {
        if (config.Encoder is not null) throw new NotSupportedException("HuggingFaceExport: no family among llama, mistral, qwen2, qwen3, phi3, gemma2 and gpt2 has an encoder beside its decoder: Encoder is set; expected null.");
        if (config.Mixer != MixerKind.Attention)
            throw new NotSupportedException($"HuggingFaceExport: no Hugging Face family has blocks like this model's: Mixer is {config.Mixer}; expected Attention.");
        if (config is { Norm: NormKind.Layer, Positions: PositionKind.Learned, GatedFeedForward: false }) return Gpt2(config);
        if (config.Norm != NormKind.Rms || config.Positions != PositionKind.Rotary || !config.GatedFeedForward)
            throw new NotSupportedException($"HuggingFaceExport: no Hugging Face family has {config.Norm} norms, {config.Positions} positions and " +
                $"{(config.GatedFeedForward ? "gated" : "plain")} feed-forward parts together; expected Layer, Learned and plain (gpt2), or Rms, Rotary and gated (llama, mistral, qwen2, qwen3, phi3, gemma2).");
        return config with
        {
            Architecture = NameOf(config),
            IntermediateSize = config.FeedForwardSize,
            NumKvHeads = config.KvHeads,
            HeadDim = config.HeadSize,
            RopeLayout = RopeLayout.HalfSplit,
            RopeScaling = Named(config),
        };
    }

    /// <summary>The family with rotary positions whose models have a configuration's layers.</summary>
    public static string NameOf(ModelConfig config) => config.PostNorms ? "gemma2"
        : config.QkNorm ? "qwen3"
        : config.QkvBias && !config.AttentionOutputBias ? "qwen2"
        : config.RotarySize != config.HeadSize ? "phi3"
        : config.Window > 0 ? "mistral"
        : "llama";

    // Rotary settings mean nothing to it.
    private static ModelConfig Gpt2(ModelConfig config) => config with
    {
        Architecture = "gpt2",
        IntermediateSize = config.FeedForwardSize,
        NumKvHeads = config.KvHeads,
        RopeTheta = new ModelConfig().RopeTheta,
        RotaryDim = null,
        RopeScaling = RopeScaling.None,
    };

    /// <summary>Reads what is to be config.json and compares, so that nothing of the model is lost without a word.</summary>
    /// <exception cref="NotSupportedException">The file says another model; the message names the differences.</exception>
    public static void CheckReadBack(ModelConfig config, byte[] json)
    {
        using MemoryStream stream = new(json);
        ModelConfig read = ReadBack(stream);
        string[] lost = Differences(config, read);
        if (lost.Length > 0) throw new NotSupportedException($"HuggingFaceExport: no Hugging Face family has this configuration: {string.Join("; ", lost)}.");
    }

    /// <summary>What a configuration that was read back has lost of the one that was written, a sentence for each.</summary>
    public static string[] Differences(ModelConfig written, ModelConfig read) =>
        [.. s_all.Where(property => !Equals(property.Of(written), property.Of(read)))
            .Select(property => $"{property.Name} is {property.Of(written)}, and {written.Architecture} models say {property.Of(read)}")];

    private static ModelConfig ReadBack(MemoryStream json)
    {
        try
        {
            return HuggingFaceConfig.Read(JsonSettings.Read(json, PathProbe.HuggingFaceName));
        }
        catch (FileFormatException error)
        {
            throw new NotSupportedException($"HuggingFaceExport: no Hugging Face family has this configuration: {error.Message}", error);
        }
    }

    private static string Windows(ModelConfig config) =>
        string.Join(",", Enumerable.Range(0, config.NumLayers).Select(layer => config.AttentionOptionsOf(layer).Window).Distinct())
        + (config.Window > 0 ? $" from {config.WindowFrom} every {config.WindowEvery}" : "");

    // What the scaling does, however it was put: the angles, and how long sequences change them.
    private static string Frequencies(ModelConfig config)
    {
        RopeScaling scaling = config.RopeScaling;
        double[] frequencies = RopeFrequencies.Compute(config.RotarySize, config.RopeTheta, scaling, out double amplitude);
        string text = $"{scaling.Kind} ×{amplitude:G9}: {string.Join(" ", frequencies.Select(f => f.ToString("G9", CultureInfo.InvariantCulture)))}";
        if (scaling.Kind is RopeScalingKind.Ntk) text += $" factor {scaling.Factor:G9} beyond {scaling.OriginalMaxSeqLen}";
        if (scaling.Kind is RopeScalingKind.LongRope)
            text += $" beyond {scaling.OriginalMaxSeqLen}: {string.Join(" ", scaling.LongFactors!.Select(f => f.ToString("G9", CultureInfo.InvariantCulture)))}";
        return text;
    }

    /// <summary>The scaling by a name that Hugging Face has: GGUF's factors per pair are recognised as Llama 3's rule.</summary>
    private static RopeScaling Named(ModelConfig config)
    {
        if (config.RopeScaling.FrequencyFactors is not { } factors) return config.RopeScaling;
        if (config.RopeScaling.Kind == RopeScalingKind.None && factors.Count == config.RotarySize / 2)
        {
            double[] plain = RopeFrequencies.Compute(config.RotarySize, config.RopeTheta, RopeScaling.None, out _);
            RopeScaling rule = new(RopeScalingKind.Llama3, Math.Round(factors.Max(), 4), 8192);
            double[] scaled = RopeFrequencies.Compute(config.RotarySize, config.RopeTheta, rule, out _);
            bool same = true;
            // The factors were rounded to float32.
            for (int i = 0; i < plain.Length; i++) same &= Math.Abs(plain[i] / scaled[i] / factors[i] - 1) < 1e-5;
            if (same) return rule;
        }
        throw new NotSupportedException("HuggingFaceExport: the rotary factors per pair are not those of Llama 3's rule, and Hugging Face has no other name for them.");
    }
}
