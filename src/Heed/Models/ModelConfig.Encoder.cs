using Heed.Models.Checkpoints;

namespace Heed.Models;

/// <content>The encoder of a model of two halves.</content>
public sealed partial record ModelConfig
{
    /// <summary>
    /// The encoder beside this decoder, or null: a model that reads one text, the source, both ways and writes another (Vaswani
    /// et al. 2017, arXiv 1706.03762; T5: Raffel et al. 2019, arXiv 1910.10683). Each block of the decoder then looks at the
    /// encoder's output, with the heads, scale, soft-cap and biases of its own attention. The halves share hidden size,
    /// vocabulary, token table and output layer; all else may differ. See <see cref="WithEncoder"/>.
    /// </summary>
    public ModelConfig? Encoder { get; init; }

    /// <summary>This model as the decoder beside an encoder of the same kind, which sees both ways.</summary>
    /// <param name="layers">The encoder's blocks; as many as this model has if null.</param>
    public ModelConfig WithEncoder(int? layers = null) =>
        this with { Encoder = this with { Bidirectional = true, NumLayers = layers ?? NumLayers, Encoder = null }, Bidirectional = false };

    // Of its own; the table and the output layer are this half's.
    private long EncoderParameterCount() => NumLayers * ModelLayer.Cross(this, "").Sum(layer => layer.Count)
        + Encoder!.ParameterCount() - (long)VocabSize * HiddenSize * (Encoder.TieEmbeddings ? 1 : 2);

    private void ValidateEncoder()
    {
        if (Encoder is not { } encoder) return;
        if (encoder.Encoder is not null) throw Wrong("has an encoder itself; expected none");
        if (Bidirectional) throw new ArgumentException("ModelConfig: Bidirectional is true beside an Encoder; expected false: the decoder writes, the encoder reads both ways.");
        if (!encoder.Bidirectional) throw Wrong("has Bidirectional false; expected true");
        if (encoder.HiddenSize != HiddenSize) throw Wrong($"has HiddenSize {encoder.HiddenSize}; expected {HiddenSize}, the decoder's");
        if (encoder.VocabSize != VocabSize) throw Wrong($"has VocabSize {encoder.VocabSize}; expected {VocabSize}, the decoder's");
        if (encoder.Norm == NormKind.Batch || Norm == NormKind.Batch) throw new ArgumentException("ModelConfig: Norm is Batch beside an Encoder; expected Rms or Layer: its statistics would take in the padding of sources.");
        try
        {
            encoder.Validate();
        }
        catch (ArgumentException error)
        {
            throw new ArgumentException($"ModelConfig: the Encoder does not make a model: {error.Message}", error);
        }

        static ArgumentException Wrong(string problem) => new($"ModelConfig: the Encoder {problem}.");
    }
}
