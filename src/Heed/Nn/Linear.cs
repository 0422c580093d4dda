using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// A matrix that is applied to rows, y = x·Wᵀ + b. Which matrix it is, dense and trainable or frozen in some compact
/// form, is the weights' choice, not the model's.
/// </summary>
public abstract class Linear(int inFeatures, int outFeatures)
{
    /// <summary>The size of an input row.</summary>
    public int InFeatures { get; } = inFeatures;

    /// <summary>The size of an output row.</summary>
    public int OutFeatures { get; } = outFeatures;

    /// <summary>x·Wᵀ + b.</summary>
    /// <param name="x">[…, inFeatures].</param>
    /// <returns>[…, outFeatures].</returns>
    public abstract Tensor Forward(Tensor x);

    /// <summary>residual + (x·Wᵀ + b); overwrites <paramref name="residual"/> where nothing else needs it.</summary>
    /// <param name="x">[…, inFeatures].</param>
    /// <param name="residual">[…, outFeatures].</param>
    public abstract Tensor ForwardAdd(Tensor x, Tensor residual);
}
