using Heed.Models;

namespace Heed.Cli.Speed;

/// <summary>The shapes of well-known models, to be measured with random weights.</summary>
internal static class SyntheticModels
{
    private static readonly (string Name, ModelConfig Config)[] s_all =
    [
        ("15m", Llama(288, layers: 6, heads: 6, kvHeads: 6, inner: 768, vocabulary: 32000, tied: true)),
        ("110m", Llama(768, layers: 12, heads: 12, kvHeads: 12, inner: 2048, vocabulary: 32000, tied: true)),
        ("135m", Llama(576, layers: 30, heads: 9, kvHeads: 3, inner: 1536, vocabulary: 49152, tied: true)),
        ("1.1b", Llama(2048, layers: 22, heads: 32, kvHeads: 4, inner: 5632, vocabulary: 32000, tied: false)),
        ("3b", Llama(3072, layers: 28, heads: 24, kvHeads: 8, inner: 8192, vocabulary: 128256, tied: true)),
        ("8b", Llama(4096, layers: 32, heads: 32, kvHeads: 8, inner: 14336, vocabulary: 128256, tied: false)),
    ];

    /// <summary>All names: stories15M, stories110M, SmolLM, TinyLlama, Llama 3.2 3B and Llama 3.1 8B.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_all.Select(model => model.Name)];

    public static ModelConfig? Find(string name) => Array.Find(s_all, model => string.Equals(model.Name, name, StringComparison.OrdinalIgnoreCase)).Config;

    private static ModelConfig Llama(int hidden, int layers, int heads, int kvHeads, int inner, int vocabulary, bool tied) => new()
    {
        HiddenSize = hidden,
        NumLayers = layers,
        NumHeads = heads,
        NumKvHeads = kvHeads,
        IntermediateSize = inner,
        VocabSize = vocabulary,
        TieEmbeddings = tied,
        MaxSeqLen = 16384,
    };
}
