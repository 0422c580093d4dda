using Heed.Models.Checkpoints;

namespace Heed.Models.Quantization;

/// <summary>Where an export reads a model's numbers from.</summary>
internal interface IModelRows
{
    /// <summary>What the model is.</summary>
    ModelConfig Config { get; }

    /// <summary>The matrix of a layer: linear or embedding, its fused parts one below the other.</summary>
    MatrixRows Matrix(ModelLayer layer);

    /// <summary>The weight of a norm, or the bias of a norm or linear layer; null where it has none.</summary>
    float[]? Vector(ModelLayer layer, bool bias);
}
