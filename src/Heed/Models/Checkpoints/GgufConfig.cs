using Heed.Formats;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>A GGUF file's metadata and tensor names as a <see cref="ModelConfig"/>.</summary>
internal sealed class GgufConfig
{
    private const string Supported = "llama, qwen2, qwen3, phi3, gemma2, gpt2";
    private const string ArchitectureKey = "general.architecture";
    private const int Gemma2LargestLayers = 46;

    private readonly GgufFile _file;
    private readonly string _family;

    private GgufConfig(GgufFile file, string family)
    {
        _file = file;
        _family = family;
    }

    private bool IsGpt2 => _family == "gpt2";

    /// <summary>Maps the file's keys.</summary>
    /// <exception cref="FileFormatException">A key is absent, has a wrong type or an unsupported value.</exception>
    public static ModelConfig Read(GgufFile file, out TensorNames names)
    {
        string family = file.Metadata.GetString(ArchitectureKey);
        if (family is not ("llama" or "qwen2" or "qwen3" or "phi3" or "gemma2" or "gpt2"))
            throw new FileFormatException(file.Path, $"the architecture is '{family}', which is not supported; supported are {Supported}.", ArchitectureKey);
        if (file.Metadata.TryGetString("general.type", out string? type) && type != "model")
            throw new FileFormatException(file.Path, $"the file is of type '{type}'; expected 'model'.", "general.type");
        if (file.Tensors.Count == 0) throw new FileFormatException(file.Path, "the file has no tensors: a vocabulary without a model.");
        GgufConfig reader = new(file, family);
        reader.RefuseUnknown();
        ModelConfig config = reader.Map();
        names = FormatTensorNames.Gguf(fused: family is "phi3" or "gpt2", config.GatedFeedForward);
        return config;
    }

    private void RefuseUnknown()
    {
        if (OptionalInt("expert_count") is { } experts and not 0)
            throw Wrong("expert_count", $"is {experts}; mixtures of experts are not supported, expected 0.");
        if (_file.Metadata.TryGetInt("split.count", out int splits) && splits > 1)
            throw new FileFormatException(_file.Path, $"the model is split into {splits} files, which cannot be joined yet; expected one file.", "split.count");
        if (_file.Metadata.TryGetBool(Key("attention.causal"), out bool causal) && !causal)
            throw Wrong("attention.causal", "is false; expected a causal model.");
        foreach (string key in (ReadOnlySpan<string>)["logit_scale", "residual_scale", "embedding_scale"])
            if (_file.Metadata.TryGetFloat(Key(key), out float scale) && scale is not (0 or 1))
                throw Wrong(key, $"is {scale:R}, which is not supported; expected 1.");
    }

    private ModelConfig Map()
    {
        int hidden = Size("embedding_length"), heads = Size("attention.head_count"), layers = Size("block_count");
        int? headDim = HeadDim(hidden, heads);
        int rotary = OptionalSize("rope.dimension_count") ?? headDim ?? hidden / heads;
        ModelConfig config = new()
        {
            Architecture = _family,
            HiddenSize = hidden,
            IntermediateSize = Size("feed_forward_length"),
            NumLayers = layers,
            NumHeads = heads,
            NumKvHeads = OptionalSize("attention.head_count_kv") ?? heads,
            HeadDim = headDim,
            ValueHeadDim = OptionalSize("attention.value_length") is { } values && values != (headDim ?? hidden / heads) ? values : null,
            VocabSize = OptionalSize("vocab_size") ?? Rows("token_embd.weight"),
            MaxSeqLen = Size("context_length"),
            Norm = IsGpt2 ? NormKind.Layer : NormKind.Rms,
            NormEpsilon = Positive(IsGpt2 ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"),
            Activation = _family is "gpt2" or "gemma2" ? Activation.GeluTanh : Activation.Silu,
            GatedFeedForward = !IsGpt2,
            // No key says so: a model without an output matrix of its own has the table's.
            TieEmbeddings = true,
            // Some families have biases, in the others the first block says so.
            QkvBias = IsGpt2 || _family == "qwen2" || Has("attn_q.bias") || Has("attn_qkv.bias"),
            AttentionOutputBias = IsGpt2 || Has("attn_output.bias"),
            FeedForwardBias = IsGpt2 || Has("ffn_down.bias"),
            QkNorm = _family == "qwen3",
            Positions = IsGpt2 ? PositionKind.Learned : PositionKind.Rotary,
            RotaryDim = IsGpt2 || rotary == (headDim ?? hidden / heads) ? null : rotary,
            RopeLayout = _family is "llama" or "gpt2" ? RopeLayout.Interleaved : RopeLayout.HalfSplit,
        };
        if (IsGpt2) return config;
        config = new GgufRope(_file, _family).Apply(config, rotary);
        config = config with { Window = OptionalInt("attention.sliding_window") ?? 0 };
        if (config.Window < 0) throw Wrong("attention.sliding_window", $"is {config.Window}; expected 0 or more.");
        return _family == "gemma2" ? Gemma2(config) : config;
    }

    private ModelConfig Gemma2(ModelConfig config) => config with
    {
        PostNorms = true,
        Window = config.Window > 0 ? config.Window : 4096,
        WindowEvery = 2,
        EmbeddingScale = (float)Math.Sqrt(config.HiddenSize),
        // GGUF does not carry query_pre_attn_scalar; in the largest Gemma 2 alone it is not the size of a head.
        AttentionScale = config.NumLayers == Gemma2LargestLayers ? (float)(1 / Math.Sqrt((double)config.HiddenSize / config.NumHeads)) : null,
        AttentionSoftCap = SoftCap("attn_logit_softcapping", 50),
        LogitSoftCap = SoftCap("final_logit_softcapping", 30),
    };

    private int? HeadDim(int hidden, int heads)
    {
        int? keys = OptionalSize("attention.key_length");
        if (keys is null && hidden % heads != 0)
            throw Wrong("attention.head_count", $"is {heads}, which does not divide the embedding length {hidden}, and there is no key length.");
        return keys;
    }

    private float SoftCap(string key, float fallback) => _file.Metadata.Contains(Key(key)) ? Positive(key) : fallback;

    private bool Has(string tensor) => _file.TryGet($"blk.0.{tensor}", out _);

    private int Rows(string tensor) => _file.TryGet(tensor, out StoredTensor? found) && found.Shape is [var rows and > 0 and <= int.MaxValue, _]
        ? (int)rows
        : throw new FileFormatException(_file.Path, "the tensor is absent or no matrix; expected [vocabulary, hidden].", tensor);

    private string Key(string key) => $"{_family}.{key}";

    private int? OptionalInt(string key) => _file.Metadata.TryGetInt(Key(key), out int value) ? value : null;

    private int? OptionalSize(string key) => OptionalInt(key) is not { } value ? null
        : value > 0 ? value
        : throw Wrong(key, $"is {value}; expected an integer above 0.");

    private int Size(string key)
    {
        int value = _file.Metadata.GetInt(Key(key));
        return value > 0 ? value : throw Wrong(key, $"is {value}; expected an integer above 0.");
    }

    private float Positive(string key)
    {
        float value = _file.Metadata.GetFloat(Key(key));
        return value > 0 && float.IsFinite(value) ? value : throw Wrong(key, $"is {value:R}; expected a number above 0.");
    }

    private FileFormatException Wrong(string key, string problem) => new(_file.Path, problem, Key(key));
}
