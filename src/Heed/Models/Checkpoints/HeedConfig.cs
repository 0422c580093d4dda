using Heed.Nn;

namespace Heed.Models.Checkpoints;

/// <summary>
/// The config.json of Heed's own format: all of <see cref="ModelConfig"/>'s properties by their snake_case names, beside
/// "model_type": "heed", the format's version and the tokens' ids. An absent setting has ModelConfig's default.
/// </summary>
internal static class HeedConfig
{
    /// <summary>The newest that is read: the first with matrices of affine 8-bit numbers. Models without any are written as version 1.</summary>
    public const int Version = 2;

    private const string TypeKey = "model_type", TypeName = "heed", VersionKey = "format_version";

    // A bound that no model comes near, and below which sizes of tables cannot overflow.
    private const int MostPositions = 1 << 28;

    private static readonly string[] s_besides = [TypeKey, VersionKey, "bos_token_id", "eos_token_id", "pad_token_id"];

    // Without these there is no model to speak of.
    private static readonly string[] s_required = ["hidden_size", "num_layers", "num_heads", "vocab_size", "max_seq_len"];

    /// <summary>Whether a config.json is of this format.</summary>
    public static bool Is(JsonSettings json) => json.IsText(TypeKey) && json.OptionalText(TypeKey) == TypeName;

    /// <summary>Maps the file's keys; what they say is not checked yet.</summary>
    /// <exception cref="FileFormatException">The version is newer, or a key is absent, unknown or of a wrong type.</exception>
    public static ModelConfig Read(JsonSettings json)
    {
        int version = json.Size(VersionKey);
        if (version > Version) throw json.Wrong(VersionKey, $"is {version}; this version of Heed reads up to {Version}: the model was written by a newer one.");
        foreach (string key in s_required) json.Size(key);
        return RecordJson.Read<ModelConfig>(json, s_besides);
    }

    /// <summary>config.json of a configuration.</summary>
    /// <exception cref="ArgumentException">The configuration does not make a model, or has a number that is not finite.</exception>
    public static byte[] Write(ModelConfig config, HuggingFaceExportOptions options)
    {
        Check(config.Validate());
        return HuggingFaceConfigWriter.Json(json =>
        {
            json.WriteString(TypeKey, TypeName);
            json.WriteNumber(VersionKey, options.Affine is null ? 1 : Version);
            RecordJson.Write(json, config);
            HuggingFaceConfigWriter.Tokens(json, options);
        });
    }

    /// <summary>Checks what <see cref="ModelConfig.Validate"/> leaves to those that make a configuration: that angles are numbers.</summary>
    /// <param name="config">A valid configuration.</param>
    /// <exception cref="ArgumentException">The context is too long, or rotary settings do not fit each other.</exception>
    public static void Check(ModelConfig config)
    {
        if (config.MaxSeqLen > MostPositions) throw new ArgumentException($"ModelConfig: MaxSeqLen is {config.MaxSeqLen}; expected at most {MostPositions}.");
        if (config.Encoder is { } encoder) Check(encoder);
        if (config.Positions != PositionKind.Rotary) return;
        RopeScaling scaling = config.RopeScaling;
        int dim = config.RotarySize;
        if (!Enum.IsDefined(scaling.Kind)) throw new ArgumentException($"ModelConfig: RopeScaling's Kind is {scaling.Kind}; expected one of {string.Join(", ", Enum.GetNames<RopeScalingKind>())}.");
        if (scaling.Kind == RopeScalingKind.Ntk && dim <= 2) throw new ArgumentException("ModelConfig: RopeScaling is Ntk, which is not for heads of 2 rotary elements.");
        bool hasOriginal = scaling.Kind is RopeScalingKind.Ntk or RopeScalingKind.Yarn or RopeScalingKind.Llama3 or RopeScalingKind.LongRope;
        if (hasOriginal && scaling.OriginalMaxSeqLen < 1) throw new ArgumentException($"ModelConfig: RopeScaling's OriginalMaxSeqLen is {scaling.OriginalMaxSeqLen}; {scaling.Kind} needs 1 or more.");
        double[] frequencies = RopeFrequencies.Compute(dim, config.RopeTheta, scaling, out double amplitude);
        if (scaling.Kind == RopeScalingKind.LongRope) frequencies = [.. frequencies, .. RopeFrequencies.LongRope(dim, config.RopeTheta, scaling)];
        if (scaling.Kind == RopeScalingKind.Ntk && config.MaxSeqLen > scaling.OriginalMaxSeqLen)
            frequencies = [.. frequencies, .. RopeFrequencies.Ntk(dim, config.RopeTheta, scaling, config.MaxSeqLen)];
        if (!double.IsFinite(amplitude) || !Array.TrueForAll(frequencies, double.IsFinite))
            throw new ArgumentException($"ModelConfig: RopeTheta {config.RopeTheta:R} and RopeScaling ({scaling.Kind}, Factor {scaling.Factor:R}) make angles that are no finite numbers.");
    }
}
