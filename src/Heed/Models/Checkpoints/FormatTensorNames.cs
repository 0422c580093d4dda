using System.Text.RegularExpressions;

namespace Heed.Models.Checkpoints;

/// <summary>The tensor names of each format.</summary>
internal static partial class FormatTensorNames
{
    /// <summary>GGUF; <paramref name="fused"/> where queries, keys and values, and gate and up, are one matrix each (Phi-3, GPT-2).</summary>
    public static TensorNames Gguf(bool fused, bool gated) => new()
    {
        Top = Top("token_embd", "output_norm", "output", "position_embd"),
        Block = "blk.",
        InBlock = new Dictionary<string, string[]>
        {
            [WeightNames.AttentionNorm] = ["attn_norm"],
            [WeightNames.Qkv] = fused ? ["attn_qkv"] : ["attn_q", "attn_k", "attn_v"],
            [WeightNames.QueryNorm] = ["attn_q_norm"],
            [WeightNames.KeyNorm] = ["attn_k_norm"],
            [WeightNames.AttentionOutput] = ["attn_output"],
            [WeightNames.AttentionPostNorm] = ["post_attention_norm"],
            [WeightNames.FeedForwardNorm] = ["ffn_norm"],
            [WeightNames.Up] = fused || !gated ? ["ffn_up"] : ["ffn_gate", "ffn_up"],
            [WeightNames.Down] = ["ffn_down"],
            [WeightNames.FeedForwardPostNorm] = ["post_ffw_norm"],
        },
        Harmless = GgufFactors(),
    };

    /// <summary>Llama and its relatives in Hugging Face's files.</summary>
    public static TensorNames HuggingFaceLlama { get; } = new()
    {
        Top = Top("model.embed_tokens", "model.norm", "lm_head"),
        Block = "model.layers.",
        InBlock = new Dictionary<string, string[]>
        {
            [WeightNames.AttentionNorm] = ["input_layernorm"],
            [WeightNames.Qkv] = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
            [WeightNames.QueryNorm] = ["self_attn.q_norm"],
            [WeightNames.KeyNorm] = ["self_attn.k_norm"],
            [WeightNames.AttentionOutput] = ["self_attn.o_proj"],
            [WeightNames.FeedForwardNorm] = ["post_attention_layernorm"],
            [WeightNames.Up] = ["mlp.gate_proj", "mlp.up_proj"],
            [WeightNames.Down] = ["mlp.down_proj"],
        },
        Harmless = RotaryBuffers(),
    };

    /// <summary>Phi-3 in Hugging Face's files.</summary>
    public static TensorNames HuggingFacePhi3 { get; } = HuggingFaceLlama with
    {
        InBlock = With((WeightNames.Qkv, "self_attn.qkv_proj"), (WeightNames.Up, "mlp.gate_up_proj")),
    };

    /// <summary>Gemma 2 in Hugging Face's files.</summary>
    public static TensorNames HuggingFaceGemma2 { get; } = HuggingFaceLlama with
    {
        InBlock = With((WeightNames.AttentionPostNorm, "post_attention_layernorm"),
            (WeightNames.FeedForwardNorm, "pre_feedforward_layernorm"),
            (WeightNames.FeedForwardPostNorm, "post_feedforward_layernorm")),
        NormsLessOne = true,
    };

    /// <summary>Meta's own.</summary>
    public static TensorNames Meta { get; } = new()
    {
        Top = Top("tok_embeddings", "norm", "output"),
        Block = "layers.",
        InBlock = new Dictionary<string, string[]>
        {
            [WeightNames.AttentionNorm] = ["attention_norm"],
            [WeightNames.Qkv] = ["attention.wq", "attention.wk", "attention.wv"],
            [WeightNames.AttentionOutput] = ["attention.wo"],
            [WeightNames.FeedForwardNorm] = ["ffn_norm"],
            [WeightNames.Up] = ["feed_forward.w1", "feed_forward.w3"],
            [WeightNames.Down] = ["feed_forward.w2"],
        },
        Harmless = MetaFrequencies(),
    };

    /// <summary>llama2.c's, as <see cref="Formats.Llama2cFile"/> gives them.</summary>
    public static TensorNames Llama2c { get; } = new()
    {
        Top = Top("token_embedding_table", "rms_final_weight", "wcls"),
        Block = "layers.",
        InBlock = new Dictionary<string, string[]>
        {
            [WeightNames.AttentionNorm] = ["rms_att_weight"],
            [WeightNames.Qkv] = ["wq", "wk", "wv"],
            [WeightNames.AttentionOutput] = ["wo"],
            [WeightNames.FeedForwardNorm] = ["rms_ffn_weight"],
            [WeightNames.Up] = ["w1", "w3"],
            [WeightNames.Down] = ["w2"],
        },
        Weight = "",
    };

    /// <summary>The model's own, of Heed's own format.</summary>
    public static TensorNames Heed { get; } = new()
    {
        Top = new Dictionary<string, string>(),
        Block = WeightNames.Blocks + ".",
        InBlock = new Dictionary<string, string[]>(),
        IsOwn = true,
    };

    /// <summary>GPT-2 in Hugging Face's files, with or without <paramref name="prefix"/> "transformer.".</summary>
    public static TensorNames HuggingFaceGpt2(string prefix) => new()
    {
        Top = Top(prefix + "wte", prefix + "ln_f", "lm_head", prefix + "wpe"),
        Block = prefix + "h.",
        InBlock = new Dictionary<string, string[]>
        {
            [WeightNames.AttentionNorm] = ["ln_1"],
            [WeightNames.Qkv] = ["attn.c_attn"],
            [WeightNames.AttentionOutput] = ["attn.c_proj"],
            [WeightNames.FeedForwardNorm] = ["ln_2"],
            [WeightNames.Up] = ["mlp.c_fc"],
            [WeightNames.Down] = ["mlp.c_proj"],
        },
        Transposed = true,
        Harmless = CausalMasks(),
    };

    private static Dictionary<string, string> Top(string embedding, string norm, string output, string? positions = null)
    {
        Dictionary<string, string> names = new()
        {
            [WeightNames.Embedding] = embedding,
            [WeightNames.FinalNorm] = norm,
            [WeightNames.Output] = output,
        };
        if (positions is not null) names.Add(WeightNames.PositionEmbedding, positions);
        return names;
    }

    private static Dictionary<string, string[]> With(params (string Layer, string Name)[] changes)
    {
        Dictionary<string, string[]> names = new(HuggingFaceLlama.InBlock);
        foreach ((string layer, string name) in changes) names[layer] = [name];
        return names;
    }

    [GeneratedRegex(@"^rope_(freqs|factors_long|factors_short)\.weight$", RegexOptions.ExplicitCapture)]
    private static partial Regex GgufFactors();

    [GeneratedRegex(@"^model\.(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq$", RegexOptions.ExplicitCapture)]
    private static partial Regex RotaryBuffers();

    [GeneratedRegex(@"^(layers\.\d+\.attention\.inner_attention\.)?rope\.freqs$", RegexOptions.ExplicitCapture)]
    private static partial Regex MetaFrequencies();

    [GeneratedRegex(@"^(transformer\.)?h\.\d+\.attn\.(bias|masked_bias)$", RegexOptions.ExplicitCapture)]
    private static partial Regex CausalMasks();
}
