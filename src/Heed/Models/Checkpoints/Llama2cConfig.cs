using Heed.Formats;

namespace Heed.Models.Checkpoints;

/// <summary>A llama2.c header as a <see cref="ModelConfig"/>; what it does not give is fixed by the format: θ 10000, ε 1e-5.</summary>
internal static class Llama2cConfig
{
    /// <summary>Maps the header.</summary>
    public static ModelConfig Read(Llama2cHeader header) => new()
    {
        HiddenSize = header.Dim,
        IntermediateSize = header.HiddenDim,
        NumLayers = header.Layers,
        NumHeads = header.Heads,
        NumKvHeads = header.KvHeads,
        VocabSize = header.Vocab,
        MaxSeqLen = header.SeqLen,
        TieEmbeddings = header.SharedClassifier,
    };
}
