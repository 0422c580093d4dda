namespace Heed.Models.Checkpoints;

/// <summary>GPT-2's config.json, which has names of its own for everything.</summary>
internal static class HuggingFaceGpt2
{
    /// <summary>Maps the file's keys.</summary>
    public static ModelConfig Read(JsonSettings json)
    {
        int hidden = json.Size("n_embd"), heads = json.Size("n_head");
        if (hidden % heads != 0) throw json.Wrong("n_head", $"is {heads}, which does not divide n_embd, {hidden}.");
        if (!json.Flag("scale_attn_weights", fallback: true)) throw json.Unsupported("scale_attn_weights", "false", "true");
        if (json.Flag("scale_attn_by_inverse_layer_idx", fallback: false)) throw json.Unsupported("scale_attn_by_inverse_layer_idx", "true", "false");
        if (json.Flag("add_cross_attention", fallback: false)) throw json.Unsupported("add_cross_attention", "true", "false");
        long inner = json.OptionalSize("n_inner") ?? 4L * hidden;
        if (inner > int.MaxValue) throw json.Wrong("n_embd", $"is {hidden}; expected a smaller size.");
        return new ModelConfig
        {
            Architecture = "gpt2",
            HiddenSize = hidden,
            IntermediateSize = (int)inner,
            NumLayers = json.Size("n_layer"),
            NumHeads = heads,
            VocabSize = json.Size("vocab_size"),
            MaxSeqLen = json.OptionalSize("n_positions") ?? json.OptionalSize("n_ctx") ?? 1024,
            Norm = NormKind.Layer,
            NormEpsilon = (float)json.Positive("layer_norm_epsilon", 1e-5),
            Activation = HuggingFaceConfig.Activation(json, "activation_function", "gelu_new"),
            GatedFeedForward = false,
            TieEmbeddings = json.Flag("tie_word_embeddings", fallback: true),
            QkvBias = true,
            AttentionOutputBias = true,
            FeedForwardBias = true,
            Positions = PositionKind.Learned,
        };
    }
}
