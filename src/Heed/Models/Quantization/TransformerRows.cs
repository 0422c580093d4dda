using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>The numbers of a model in memory; adapters are merged into it.</summary>
internal sealed class TransformerRows(Transformer model) : IModelRows
{
    public ModelConfig Config => model.Config;

    public MatrixRows Matrix(ModelLayer layer)
    {
        LayerRows.Reader read = model.LayerOf(layer.Name) is Embedding table ? LayerRows.Of(table) : LayerRows.Of((Linear)model.LayerOf(layer.Name));
        return new MatrixRows(read.Invoke);
    }

    public float[]? Vector(ModelLayer layer, bool bias)
    {
        Tensor? vector = model.LayerOf(layer.Name) switch
        {
            Linear linear => bias ? LayerRows.BiasOf(linear) : null,
            RmsNorm norm => bias ? null : norm.Weight,
            LayerNorm norm => bias ? norm.Bias : norm.Weight,
            _ => null,
        };
        return vector?.ToArray();
    }
}
