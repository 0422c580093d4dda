using Heed.Formats;
using Heed.Nn;

namespace Heed.Models.Checkpoints;

/// <summary>Meta's params.json as a <see cref="ModelConfig"/>.</summary>
internal static class MetaConfig
{
    private const string EmbeddingName = "tok_embeddings.weight";
    private const string KeyName = "layers.0.attention.wk.weight";

    // What Llama 3.1 stretches by: no key of the file says it.
    private const double ScaledFactor = 8;
    private const int ScaledOriginal = 8192;

    /// <summary>Maps the file's keys; the vocabulary's size comes from <paramref name="file"/> where the key is −1 or absent.</summary>
    /// <exception cref="FileFormatException">A key is absent, has a wrong type or an unsupported value.</exception>
    public static ModelConfig Read(JsonSettings json, TensorFile file)
    {
        int dim = json.Size("dim"), heads = json.Size("n_heads");
        if (dim % heads != 0) throw json.Wrong("n_heads", $"is {heads}, which does not divide dim, {dim}.");
        if (json.Has("moe") || json.Has("moe_args")) throw json.Wrong(json.Has("moe") ? "moe" : "moe_args", "says mixture of experts, which is not supported.");
        if (json.Has("vision_chunk_size")) throw json.Wrong("vision_chunk_size", "says a model of images, which is not supported.");
        double theta = json.Positive("rope_theta", 10000);
        bool scaled = json.Flag("use_scaled_rope", fallback: false);
        return new ModelConfig
        {
            HiddenSize = dim,
            IntermediateSize = FeedForwardSize(json, dim),
            NumLayers = json.Size("n_layers"),
            NumHeads = heads,
            NumKvHeads = KvHeads(json.OptionalSize("n_kv_heads") ?? heads, dim / heads, file),
            VocabSize = VocabSize(json, file),
            MaxSeqLen = json.OptionalSize("max_seq_len") ?? (scaled ? 131072 : theta > 10000 ? 8192 : 4096),
            NormEpsilon = (float)json.Positive("norm_eps", 1e-5),
            RopeTheta = theta,
            RopeScaling = scaled
                ? new RopeScaling(RopeScalingKind.Llama3, json.Positive("rope_scaling_factor", ScaledFactor), ScaledOriginal)
                {
                    HighFrequencyFactor = json.Positive("rope_high_freq_factor", 4),
                }
                : RopeScaling.None,
        };
    }

    // Split into more files than there are heads, each file has one: neighbours have the same, which is a model of as many heads as files.
    private static int KvHeads(int heads, int headDim, TensorFile file) =>
        file.TryGet(KeyName, out StoredTensor? keys) && keys.Joined is { Parts.Count: var files } && files > heads && files % heads == 0 && keys.Shape[0] == (long)files * headDim
            ? files
            : heads;

    private static int FeedForwardSize(JsonSettings json, int dim)
    {
        if (json.OptionalSize("hidden_dim") is { } given) return given;
        int multipleOf = json.OptionalSize("multiple_of") ?? 256;
        double multiplier = json.Positive("ffn_dim_multiplier", 1);
        // Far above any model, and below where the rule would overflow.
        return multiplier * dim * 3 + multipleOf < int.MaxValue
            ? ModelConfig.FeedForwardRule(dim, multipleOf, multiplier)
            : throw json.Wrong("ffn_dim_multiplier", $"is {multiplier:R} with dim {dim} and multiple_of {multipleOf}: the feed-forward size overflows.");
    }

    private static int VocabSize(JsonSettings json, TensorFile file)
    {
        int claimed = json.Integer("vocab_size") ?? -1;
        if (claimed > 0) return claimed;
        if (claimed != -1) throw json.Wrong("vocab_size", $"is {claimed}; expected an integer above 0, or -1.");
        return file.TryGet(EmbeddingName, out StoredTensor? embedding) && embedding.Shape is [var rows and > 0 and <= int.MaxValue, _]
            ? (int)rows
            : throw new FileFormatException(file.Path, "the tensor is absent or no matrix; expected [vocabulary, dim].", EmbeddingName);
    }
}
