using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>A Hugging Face config.json as a <see cref="ModelConfig"/>. Absent keys have the defaults of the family's class there.</summary>
internal static class HuggingFaceConfig
{
    private const string Supported = "LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM, Phi3ForCausalLM, Gemma2ForCausalLM, GPT2LMHeadModel";

    /// <summary>Maps the file's keys.</summary>
    /// <exception cref="FileFormatException">A key is absent, has a wrong type or an unsupported value.</exception>
    public static ModelConfig Read(JsonSettings json)
    {
        if (json.Section("quantization_config") is { } quantization)
            throw quantization.Unsupported("quant_method", quantization.OptionalText("quant_method") ?? "unnamed", "plain F32, F16 and BF16 weights (quantized ones as GGUF)");
        string family = Family(json);
        return family == "gpt2" ? HuggingFaceGpt2.Read(json) : LlamaLike(json, family);
    }

    /// <summary>The tensor names of a family.</summary>
    /// <param name="config">What <see cref="Read"/> gave.</param>
    /// <param name="has">Whether the file has a tensor.</param>
    public static TensorNames Names(ModelConfig config, Func<string, bool> has) => config.Architecture switch
    {
        "gpt2" => FormatTensorNames.HuggingFaceGpt2(has("transformer.wte.weight") ? "transformer." : ""),
        "phi3" => FormatTensorNames.HuggingFacePhi3,
        "gemma2" => FormatTensorNames.HuggingFaceGemma2,
        _ => FormatTensorNames.HuggingFaceLlama,
    };

    /// <summary>The function with a Hugging Face name.</summary>
    public static Activation Activation(JsonSettings json, string key, string fallback) => (json.OptionalText(key) ?? fallback) switch
    {
        "silu" or "swish" => Tensors.Activation.Silu,
        "gelu_pytorch_tanh" or "gelu_new" or "gelu_fast" => Tensors.Activation.GeluTanh,
        "gelu" => Tensors.Activation.GeluErf,
        "relu" => Tensors.Activation.Relu,
        string other => throw json.Unsupported(key, other, "silu, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu"),
    };

    private static string Family(JsonSettings json)
    {
        if (json.OptionalTexts("architectures") is [string name, ..])
            return name switch
            {
                "LlamaForCausalLM" => "llama",
                "MistralForCausalLM" => "mistral",
                "Qwen2ForCausalLM" => "qwen2",
                "Qwen3ForCausalLM" => "qwen3",
                "Phi3ForCausalLM" => "phi3",
                "Gemma2ForCausalLM" => "gemma2",
                "GPT2LMHeadModel" => "gpt2",
                _ => throw json.Unsupported("architectures", name, Supported),
            };
        return json.OptionalText("model_type") switch
        {
            string type and ("llama" or "mistral" or "qwen2" or "qwen3" or "phi3" or "gemma2" or "gpt2") => type,
            null => throw json.Wrong("architectures", $"is absent, and so is 'model_type'; expected one of {Supported}."),
            string other => throw json.Unsupported("model_type", other, "llama, mistral, qwen2, qwen3, phi3, gemma2, gpt2"),
        };
    }

    private static ModelConfig LlamaLike(JsonSettings json, string family)
    {
        bool gemma = family == "gemma2";
        int hidden = json.Size("hidden_size"), heads = json.Size("num_attention_heads"), layers = json.Size("num_hidden_layers");
        int? headDim = json.OptionalSize("head_dim") ?? (gemma ? 256 : null);
        if (headDim is null && hidden % heads != 0)
            throw json.Wrong("num_attention_heads", $"is {heads}, which does not divide hidden_size, {hidden}, and there is no head_dim.");
        int rotary = RotaryDim(json, family, headDim ?? hidden / heads);
        int positions = json.OptionalSize("max_position_embeddings") ?? MaxPositions(family);
        HuggingFaceRope rope = HuggingFaceRope.Read(json, rotary, positions);
        bool bias = family is ("llama" or "qwen3" or "gemma2") && json.Flag("attention_bias", fallback: false);
        ModelConfig config = new()
        {
            Architecture = family,
            HiddenSize = hidden,
            IntermediateSize = json.Size("intermediate_size"),
            NumLayers = layers,
            NumHeads = heads,
            NumKvHeads = json.OptionalSize("num_key_value_heads") ?? heads,
            HeadDim = headDim,
            VocabSize = json.Size("vocab_size"),
            MaxSeqLen = rope.MaxSeqLen,
            NormEpsilon = (float)json.Positive("rms_norm_eps", family == "phi3" ? 1e-5 : 1e-6),
            // Gemma's files give hidden_act too, which their class ignores.
            Activation = gemma ? Activation(json, "hidden_activation", "gelu_pytorch_tanh") : Activation(json, "hidden_act", "silu"),
            TieEmbeddings = json.Flag("tie_word_embeddings", fallback: gemma),
            QkvBias = bias || family == "qwen2",
            AttentionOutputBias = bias,
            FeedForwardBias = family == "llama" && json.Flag("mlp_bias", fallback: false),
            QkNorm = family == "qwen3",
            RopeTheta = rope.Theta,
            RotaryDim = rotary == (headDim ?? hidden / heads) ? null : rotary,
            RopeLayout = RopeLayout.HalfSplit,
            RopeScaling = rope.Scaling,
        };
        config = HuggingFaceWindows.Apply(json, config);
        return gemma ? Gemma2(json, config) : config;
    }

    private static ModelConfig Gemma2(JsonSettings json, ModelConfig config) => config with
    {
        PostNorms = true,
        EmbeddingScale = (float)Math.Sqrt(config.HiddenSize),
        AttentionScale = (float)(1 / Math.Sqrt(json.Positive("query_pre_attn_scalar", 256))),
        AttentionSoftCap = SoftCap(json, "attn_logit_softcapping", 50),
        LogitSoftCap = SoftCap(json, "final_logit_softcapping", 30),
    };

    // A null says that there is no cap; an absent key, that it is the class's.
    private static float SoftCap(JsonSettings json, string key, double fallback) =>
        json.Has(key) ? (float)json.Positive(key) : json.Names(key) ? 0 : (float)fallback;

    private static int RotaryDim(JsonSettings json, string family, int headDim)
    {
        JsonSettings? section = json.Section("rope_parameters");
        bool inside = section?.Has("partial_rotary_factor") == true;
        JsonSettings holder = inside ? section! : json;
        double factor = holder.Positive("partial_rotary_factor", 1);
        if (factor != 1 && family != "phi3")
            throw holder.Wrong("partial_rotary_factor", $"is {factor:R}; {family} models turn whole heads, expected 1.");
        int rotary = factor <= 1 ? (int)(headDim * factor) : 0;
        return rotary > 0 && rotary % 2 == 0
            ? rotary
            : throw holder.Wrong("partial_rotary_factor", $"is {factor:R}, which turns {headDim * factor:R} of a head's {headDim} elements; expected an even number of them.");
    }

    private static int MaxPositions(string family) => family switch
    {
        "llama" => 2048,
        "mistral" => 131072,
        "phi3" => 4096,
        "gemma2" => 8192,
        _ => 32768,
    };
}
