using System.Buffers.Binary;
using Heed.Formats;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tests.Formats;

namespace Heed.Tests.Models.Checkpoints;

/// <summary>GGUF files of the golden models, with the names and keys that the format's own converter writes.</summary>
internal static class GgufModel
{
    private static readonly (string HuggingFace, string Gguf)[] Names =
    [
        ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"), ("wte", "token_embd"), ("wpe", "position_embd"),
        ("ln_f", "output_norm"), ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"), ("self_attn.qkv_proj", "attn_qkv"), ("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"),
        ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.gate_up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
        ("input_layernorm", "attn_norm"), ("pre_feedforward_layernorm", "ffn_norm"), ("post_feedforward_layernorm", "post_ffw_norm"),
        ("ln_1", "attn_norm"), ("ln_2", "ffn_norm"), ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"), ("mlp.c_fc", "ffn_up"), ("mlp.c_proj", "ffn_down"),
    ];

    /// <summary>The golden Hugging Face folder of <paramref name="family"/> as a GGUF file, perhaps without one of its tensors.</summary>
    public static GgufBuilder FromGolden(string family, string? without = null)
    {
        using Checkpoint source = Checkpoint.Open(new GoldenModel(family).PathOf(""));
        ModelConfig config = source.Config;
        string architecture = config.Architecture is "mistral" ? "llama" : config.Architecture;
        GgufBuilder gguf = new GgufBuilder().Key("general.architecture", architecture);
        Keys(gguf, architecture, config);
        foreach (StoredTensor tensor in source.Files.Tensors)
        {
            if (tensor.Name.EndsWith("inv_freq", StringComparison.Ordinal) || tensor.Name.EndsWith(".attn.bias", StringComparison.Ordinal)) continue;
            if (NameOf(tensor.Name, architecture) == without) continue;
            (float[] values, long[] shape) = Convert(source, tensor, config, architecture);
            gguf.Tensor(NameOf(tensor.Name, architecture), [.. shape.Reverse()], 0, Bytes(values));
        }
        if (config.RopeScaling.Kind == RopeScalingKind.Llama3)
        {
            double[] plain = RopeFrequencies.Compute(config.HeadSize, config.RopeTheta, RopeScaling.None, out _);
            double[] scaled = RopeFrequencies.Compute(config.HeadSize, config.RopeTheta, config.RopeScaling, out _);
            gguf.Tensor("rope_freqs.weight", [plain.Length], 0, Bytes([.. plain.Select((f, i) => (float)(f / scaled[i]))]));
        }
        if (config.RopeScaling.LongFactors is { } longer)
        {
            gguf.Tensor("rope_factors_long.weight", [longer.Count], 0, Bytes([.. longer.Select(f => (float)f)]));
            gguf.Tensor("rope_factors_short.weight", [longer.Count], 0, Bytes([.. config.RopeScaling.ShortFactors!.Select(f => (float)f)]));
        }
        return gguf;
    }

    public static byte[] Bytes(ReadOnlySpan<float> values)
    {
        byte[] bytes = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        return bytes;
    }

    public static GgufBuilder Int(this GgufBuilder gguf, string key, int value) => gguf.Key(key, GgufValueType.UInt32, BitConverter.GetBytes(value));

    public static GgufBuilder Float(this GgufBuilder gguf, string key, double value) => gguf.Key(key, GgufValueType.Float32, BitConverter.GetBytes((float)value));

    private static void Keys(GgufBuilder gguf, string a, ModelConfig config)
    {
        gguf.Int($"{a}.context_length", config.MaxSeqLen).Int($"{a}.embedding_length", config.HiddenSize).Int($"{a}.block_count", config.NumLayers)
            .Int($"{a}.feed_forward_length", config.FeedForwardSize).Int($"{a}.attention.head_count", config.NumHeads)
            .Float($"{a}.attention.{(a == "gpt2" ? "layer_norm_epsilon" : "layer_norm_rms_epsilon")}", config.NormEpsilon);
        if (a == "gpt2") return;
        gguf.Int($"{a}.attention.head_count_kv", config.KvHeads).Int($"{a}.vocab_size", config.VocabSize).Float($"{a}.rope.freq_base", config.RopeTheta)
            .Int($"{a}.rope.dimension_count", config.RotarySize);
        if (config.HeadDim is { } head) gguf.Int($"{a}.attention.key_length", head).Int($"{a}.attention.value_length", head);
        if (config.Window > 0 && config.WindowFrom == 0) gguf.Int($"{a}.attention.sliding_window", config.Window);
        if (config.AttentionSoftCap > 0) gguf.Float($"{a}.attn_logit_softcapping", config.AttentionSoftCap);
        if (config.LogitSoftCap > 0) gguf.Float($"{a}.final_logit_softcapping", config.LogitSoftCap);
        RopeScaling scaling = config.RopeScaling;
        if (scaling.Kind is RopeScalingKind.Linear or RopeScalingKind.Yarn)
            gguf.Key($"{a}.rope.scaling.type", scaling.Kind == RopeScalingKind.Linear ? "linear" : "yarn").Float($"{a}.rope.scaling.factor", scaling.Factor);
        if (scaling.Kind is RopeScalingKind.Yarn or RopeScalingKind.LongRope) gguf.Int($"{a}.rope.scaling.original_context_length", scaling.OriginalMaxSeqLen);
        if (scaling.Kind is RopeScalingKind.LongRope)
            gguf.Float($"{a}.rope.scaling.attn_factor", Math.Sqrt(1 + Math.Log(scaling.Factor) / Math.Log(scaling.OriginalMaxSeqLen)));
    }

    private static (float[] Values, long[] Shape) Convert(Checkpoint source, StoredTensor tensor, ModelConfig config, string architecture)
    {
        float[] values = new float[tensor.ElementCount];
        source.Files.ReadFloats(tensor, 0, values);
        long[] shape = tensor.Shape;
        if (architecture == "gemma2" && tensor.Name.EndsWith("norm.weight", StringComparison.Ordinal))
            for (int i = 0; i < values.Length; i++) values[i] += 1;
        if (architecture == "gpt2" && tensor.Name.Contains(".c_", StringComparison.Ordinal) && shape is [var rows, var columns])
        {
            float[] turned = new float[values.Length];
            for (int r = 0; r < rows; r++)
                for (int c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c];
            return (turned, [columns, rows]);
        }
        int heads = tensor.Name.Contains("q_proj", StringComparison.Ordinal) ? config.NumHeads : tensor.Name.Contains("k_proj", StringComparison.Ordinal) ? config.KvHeads : 0;
        if (architecture != "llama" || heads == 0) return (values, shape);
        float[] interleaved = new float[values.Length];
        RowOrder.ApplyToRows(values, RopePermutation.ToInterleaved(heads, config.HeadSize), interleaved);
        return (interleaved, shape);
    }

    private static string NameOf(string name, string architecture)
    {
        string ending = name[name.LastIndexOf('.')..], stem = name[..^ending.Length];
        string prefix = "";
        foreach (string block in (string[])["model.layers.", "h."])
        {
            if (!stem.StartsWith(block, StringComparison.Ordinal)) continue;
            int dot = stem.IndexOf('.', block.Length);
            prefix = $"blk.{stem[block.Length..dot]}.";
            stem = stem[(dot + 1)..];
        }
        if (stem == "post_attention_layernorm") return prefix + (architecture == "gemma2" ? "post_attention_norm" : "ffn_norm") + ending;
        return prefix + Names.Single(pair => pair.HuggingFace == stem).Gguf + ending;
    }
}
