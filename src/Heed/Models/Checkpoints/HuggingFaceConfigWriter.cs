using System.Text.Json;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>Writes config.json and generation_config.json; what <see cref="HuggingFaceConfig"/> reads, the other way.</summary>
internal static class HuggingFaceConfigWriter
{
    /// <summary>config.json of a configuration from <see cref="HuggingFaceFamily.Choose"/>.</summary>
    public static byte[] Config(ModelConfig config, HuggingFaceExportOptions options) => Json(json =>
    {
        string family = config.Architecture;
        json.WriteStartArray("architectures");
        json.WriteStringValue(ClassOf(family));
        json.WriteEndArray();
        json.WriteString("model_type", family);
        json.WriteNumber("vocab_size", config.VocabSize);
        if (family == "gpt2") Gpt2(json, config);
        else LlamaLike(json, config, family);
        json.WriteString("torch_dtype", TypeName(options.WeightType));
        json.WriteBoolean("use_cache", value: true);
        Tokens(json, options);
    });

    /// <summary>generation_config.json.</summary>
    public static byte[] GenerationConfig(HuggingFaceExportOptions options) => Json(json =>
    {
        Tokens(json, options);
        foreach ((string name, double value) in options.Sampling) json.WriteNumber(name, value);
    });

    private static void Gpt2(Utf8JsonWriter json, ModelConfig config)
    {
        json.WriteNumber("n_positions", config.MaxSeqLen);
        json.WriteNumber("n_ctx", config.MaxSeqLen);
        json.WriteNumber("n_embd", config.HiddenSize);
        json.WriteNumber("n_inner", config.FeedForwardSize);
        json.WriteNumber("n_layer", config.NumLayers);
        json.WriteNumber("n_head", config.NumHeads);
        json.WriteNumber("layer_norm_epsilon", config.NormEpsilon);
        json.WriteString("activation_function", config.Activation == Activation.GeluTanh ? "gelu_new" : NameOf(config.Activation));
        json.WriteBoolean("tie_word_embeddings", config.TieEmbeddings);
    }

    private static void LlamaLike(Utf8JsonWriter json, ModelConfig config, string family)
    {
        json.WriteNumber("hidden_size", config.HiddenSize);
        json.WriteNumber("intermediate_size", config.FeedForwardSize);
        json.WriteNumber("num_hidden_layers", config.NumLayers);
        json.WriteNumber("num_attention_heads", config.NumHeads);
        json.WriteNumber("num_key_value_heads", config.KvHeads);
        json.WriteNumber("head_dim", config.HeadSize);
        json.WriteNumber("max_position_embeddings", config.RopeScaling.Kind == RopeScalingKind.Ntk ? config.RopeScaling.OriginalMaxSeqLen : config.MaxSeqLen);
        json.WriteNumber("rms_norm_eps", config.NormEpsilon);
        json.WriteString(family == "gemma2" ? "hidden_activation" : "hidden_act", NameOf(config.Activation));
        json.WriteBoolean("tie_word_embeddings", config.TieEmbeddings);
        if (family is "llama" or "qwen3" or "gemma2") json.WriteBoolean("attention_bias", config.QkvBias);
        if (family == "llama") json.WriteBoolean("mlp_bias", config.FeedForwardBias);
        Windows(json, config);
        Rope(json, config);
        if (family == "gemma2") Gemma2(json, config);
    }

    private static void Windows(Utf8JsonWriter json, ModelConfig config)
    {
        bool windowed = config.Window > 0;
        if (config.Architecture == "llama") return;
        if (config.Architecture is "qwen2" or "qwen3")
        {
            json.WriteBoolean("use_sliding_window", windowed);
            json.WriteNumber("max_window_layers", windowed ? config.WindowFrom : config.NumLayers);
        }
        if (windowed) json.WriteNumber("sliding_window", config.Window);
        else json.WriteNull("sliding_window");
    }

    private static void Rope(Utf8JsonWriter json, ModelConfig config)
    {
        RopeScaling scaling = config.RopeScaling;
        json.WriteNumber("rope_theta", config.RopeTheta);
        if (config.RotarySize != config.HeadSize) json.WriteNumber("partial_rotary_factor", (double)config.RotarySize / config.HeadSize);
        if (config.Architecture == "phi3" && scaling.Kind == RopeScalingKind.LongRope) json.WriteNumber("original_max_position_embeddings", scaling.OriginalMaxSeqLen);
        if (scaling.Kind == RopeScalingKind.None)
        {
            json.WriteNull("rope_scaling");
            return;
        }
        json.WriteStartObject("rope_scaling");
        json.WriteString("rope_type", scaling.Kind switch
        {
            RopeScalingKind.Linear => "linear",
            RopeScalingKind.Ntk => "dynamic",
            RopeScalingKind.Yarn => "yarn",
            RopeScalingKind.Llama3 => "llama3",
            _ => "longrope",
        });
        json.WriteNumber("factor", scaling.Factor);
        if (scaling.Kind is RopeScalingKind.Yarn or RopeScalingKind.Llama3 or RopeScalingKind.LongRope)
            json.WriteNumber("original_max_position_embeddings", scaling.OriginalMaxSeqLen);
        if (scaling.Kind is RopeScalingKind.Yarn or RopeScalingKind.LongRope)
        {
            RopeFrequencies.Compute(config.RotarySize, config.RopeTheta, scaling, out double amplitude);
            json.WriteNumber("attention_factor", amplitude);
        }
        Details(json, scaling);
        json.WriteEndObject();
    }

    private static void Details(Utf8JsonWriter json, RopeScaling scaling)
    {
        switch (scaling.Kind)
        {
            case RopeScalingKind.Llama3:
                json.WriteNumber("low_freq_factor", scaling.LowFrequencyFactor);
                json.WriteNumber("high_freq_factor", scaling.HighFrequencyFactor);
                break;
            case RopeScalingKind.Yarn:
                json.WriteNumber("beta_fast", scaling.BetaFast);
                json.WriteNumber("beta_slow", scaling.BetaSlow);
                if (!scaling.Truncate) json.WriteBoolean("truncate", value: false);
                break;
            case RopeScalingKind.LongRope:
                Numbers(json, "short_factor", scaling.ShortFactors!);
                Numbers(json, "long_factor", scaling.LongFactors!);
                break;
        }
    }

    private static void Gemma2(Utf8JsonWriter json, ModelConfig config)
    {
        double scale = config.AttentionScale ?? 1 / Math.Sqrt(config.HeadSize), scalar = 1 / (scale * scale);
        // The scale was rounded to float32; the number behind it is whole in every published model.
        json.WriteNumber("query_pre_attn_scalar", Math.Abs(scalar - Math.Round(scalar)) < 1e-3 ? Math.Round(scalar) : scalar);
        Cap(json, "attn_logit_softcapping", config.AttentionSoftCap);
        Cap(json, "final_logit_softcapping", config.LogitSoftCap);
    }

    private static void Cap(Utf8JsonWriter json, string key, float cap)
    {
        if (cap > 0) json.WriteNumber(key, cap);
        else json.WriteNull(key);
    }

    /// <summary>The ids of the tokens that begin, fill and end a text.</summary>
    public static void Tokens(Utf8JsonWriter json, HuggingFaceExportOptions options)
    {
        if (options.BosToken is { } bos) json.WriteNumber("bos_token_id", bos);
        if (options.PadToken is { } pad) json.WriteNumber("pad_token_id", pad);
        if (options.EosTokens is [var only]) json.WriteNumber("eos_token_id", only);
        else if (options.EosTokens.Count > 0) Numbers(json, "eos_token_id", options.EosTokens.Select(id => (double)id));
    }

    private static void Numbers(Utf8JsonWriter json, string key, IEnumerable<double> numbers)
    {
        json.WriteStartArray(key);
        foreach (double number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static string ClassOf(string family) => family switch
    {
        "mistral" => "MistralForCausalLM",
        "qwen2" => "Qwen2ForCausalLM",
        "qwen3" => "Qwen3ForCausalLM",
        "phi3" => "Phi3ForCausalLM",
        "gemma2" => "Gemma2ForCausalLM",
        "gpt2" => "GPT2LMHeadModel",
        _ => "LlamaForCausalLM",
    };

    private static string NameOf(Activation activation) => activation switch
    {
        Activation.GeluTanh => "gelu_pytorch_tanh",
        Activation.GeluErf => "gelu",
        Activation.Relu => "relu",
        _ => "silu",
    };

    private static string TypeName(WeightType type) => type switch
    {
        WeightType.F16 => "float16",
        WeightType.BF16 => "bfloat16",
        _ => "float32",
    };

    /// <summary>An object as an indented file.</summary>
    public static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }
}
