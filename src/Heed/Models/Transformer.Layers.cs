using System.Globalization;

namespace Heed.Models;

/// <content>The layers by their names.</content>
public sealed partial class Transformer
{
    /// <summary>The layer with a full name by <see cref="WeightNames"/>: an embedding, a norm, a linear layer, or a mixer's tensor.</summary>
    /// <exception cref="ArgumentException">The model has no such layer.</exception>
    internal object LayerOf(string name) => LayerOrNull(name) ?? throw new ArgumentException($"Transformer: the model has no layer '{name}'.", nameof(name));

    /// <summary>As <see cref="LayerOf"/>; null if the model has no such layer.</summary>
    internal object? LayerOrNull(string name) => name switch
    {
        WeightNames.Embedding => Embedding,
        WeightNames.PositionEmbedding => PositionEmbedding,
        WeightNames.RelativeBias => RelativeBiases?.Table,
        WeightNames.FinalNorm => FinalNorm,
        WeightNames.Output => Output,
        _ when name.StartsWith(WeightNames.Encoder + ".", StringComparison.Ordinal) => Encoder?.LayerOrNull(name[(WeightNames.Encoder.Length + 1)..]),
        _ => InBlock(name.Split('.', 3)),
    };

    private object? InBlock(string[] parts)
    {
        if (parts is not [WeightNames.Blocks, string number, string layer]) return null;
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int i) || i >= _blocks.Length) return null;
        TransformerBlock block = _blocks[i];
        return layer switch
        {
            WeightNames.AttentionNorm => block.AttentionNorm,
            WeightNames.AttentionPostNorm => block.AttentionPostNorm,
            WeightNames.CrossNorm => block.CrossNorm,
            WeightNames.CrossQuery => block.Cross?.Query,
            WeightNames.CrossKeyValue => block.Cross?.KeyValue,
            WeightNames.CrossOutput => block.Cross?.Output,
            WeightNames.CrossPostNorm => block.CrossPostNorm,
            WeightNames.FeedForwardNorm => block.FeedForwardNorm,
            WeightNames.Up => block.FeedForward.Up,
            WeightNames.Down => block.FeedForward.Down,
            WeightNames.FeedForwardPostNorm => block.FeedForwardPostNorm,
            _ => block.LayerOfMixer(layer),
        };
    }
}
