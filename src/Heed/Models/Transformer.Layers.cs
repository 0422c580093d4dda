using System.Globalization;

namespace Heed.Models;

/// <content>The layers by their names.</content>
public sealed partial class Transformer
{
    /// <summary>The layer with a full name by <see cref="WeightNames"/>: an embedding, a norm or a linear layer.</summary>
    /// <exception cref="ArgumentException">The model has no such layer.</exception>
    internal object LayerOf(string name)
    {
        object? layer = name switch
        {
            WeightNames.Embedding => Embedding,
            WeightNames.PositionEmbedding => PositionEmbedding,
            WeightNames.RelativeBias => RelativeBiases?.Table,
            WeightNames.FinalNorm => FinalNorm,
            WeightNames.Output => Output,
            _ => InBlock(name.Split('.', 3)),
        };
        return layer ?? throw new ArgumentException($"Transformer: the model has no layer '{name}'.", nameof(name));
    }

    private object? InBlock(string[] parts)
    {
        if (parts is not [WeightNames.Blocks, string number, string layer]) return null;
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int i) || i >= _blocks.Length) return null;
        TransformerBlock block = _blocks[i];
        return layer switch
        {
            WeightNames.AttentionNorm => block.AttentionNorm,
            WeightNames.Qkv => block.Attention.Qkv,
            WeightNames.QueryNorm => block.Attention.QueryNorm,
            WeightNames.KeyNorm => block.Attention.KeyNorm,
            WeightNames.AttentionOutput => block.Attention.Output,
            WeightNames.AttentionPostNorm => block.AttentionPostNorm,
            WeightNames.FeedForwardNorm => block.FeedForwardNorm,
            WeightNames.Up => block.FeedForward.Up,
            WeightNames.Down => block.FeedForward.Down,
            WeightNames.FeedForwardPostNorm => block.FeedForwardPostNorm,
            _ => null,
        };
    }
}
