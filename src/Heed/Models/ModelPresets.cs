using Heed.Tensors;

namespace Heed.Models;

/// <summary>Configurations to begin a training from, by name. The vocabulary is the tokenizer's and is to be set; embeddings are tied.</summary>
public static class ModelPresets
{
    private static readonly (string Name, ModelConfig Config)[] s_all =
    [
        ("nano", Llama(hidden: 128, layers: 4, heads: 4, kvHeads: 4, context: 128)),
        ("micro", Llama(hidden: 256, layers: 6, heads: 8, kvHeads: 4, context: 256)),
        ("tiny", Llama(hidden: 288, layers: 6, heads: 6, kvHeads: 6, context: 256)),
        ("small", Llama(hidden: 512, layers: 8, heads: 8, kvHeads: 8, context: 1024)),
        ("medium", Llama(hidden: 768, layers: 12, heads: 12, kvHeads: 12, context: 1024)),
        ("gpt2-nano", Gpt2(hidden: 128, layers: 4, heads: 4, context: 128)),
        ("gpt2", Gpt2(hidden: 768, layers: 12, heads: 12, context: 1024)),
    ];

    /// <summary>
    /// All names, the smallest first: nano (0.8 million parameters without the vocabulary), micro (4), tiny (6; the 15 million
    /// of llama2.c's stories15M with its vocabulary of 32,000), small (25; stories42M), medium (85; stories110M), and after
    /// GPT-2 with LayerNorm, learned positions and GELU: gpt2-nano (0.8) and gpt2 (124 with its vocabulary).
    /// </summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_all.Select(preset => preset.Name)];

    /// <summary>The configuration of a name.</summary>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static ModelConfig Find(string name)
    {
        foreach ((string known, ModelConfig config) in s_all)
            if (known == name) return config;
        throw new ArgumentException($"ModelPresets: there is no preset '{name}'; expected one of {string.Join(", ", Names)}.", nameof(name));
    }

    private static ModelConfig Llama(int hidden, int layers, int heads, int kvHeads, int context) => new()
    {
        HiddenSize = hidden,
        NumLayers = layers,
        NumHeads = heads,
        NumKvHeads = kvHeads,
        MaxSeqLen = context,
        MultipleOf = 32,
        TieEmbeddings = true,
        RopeLayout = RopeLayout.HalfSplit,
    };

    private static ModelConfig Gpt2(int hidden, int layers, int heads, int context) => new()
    {
        Architecture = "gpt2",
        HiddenSize = hidden,
        IntermediateSize = 4 * hidden,
        NumLayers = layers,
        NumHeads = heads,
        MaxSeqLen = context,
        Norm = NormKind.Layer,
        Positions = PositionKind.Learned,
        Activation = Activation.GeluTanh,
        GatedFeedForward = false,
        QkvBias = true,
        AttentionOutputBias = true,
        FeedForwardBias = true,
        TieEmbeddings = true,
    };
}
