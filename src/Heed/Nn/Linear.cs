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

    /// <summary>x·Wᵀ + b in training, where a layer may drop some of its input.</summary>
    /// <param name="x">[…, inFeatures].</param>
    /// <param name="dropoutSeed">Which elements are dropped; null for none.</param>
    /// <returns>[…, outFeatures].</returns>
    public virtual Tensor Forward(Tensor x, ulong? dropoutSeed) => Forward(x);

    /// <summary>residual + (x·Wᵀ + b); overwrites <paramref name="residual"/> where nothing else needs it.</summary>
    /// <param name="x">[…, inFeatures].</param>
    /// <param name="residual">[…, outFeatures].</param>
    public abstract Tensor ForwardAdd(Tensor x, Tensor residual);

    /// <summary>
    /// The mean cross-entropy of this layer's outputs, as logits, against targets; see <see cref="Ops.CrossEntropy"/>. Holds
    /// no more of the logits than the layer's kind must.
    /// </summary>
    /// <param name="x">[…, inFeatures].</param>
    /// <param name="targets">One per row of x.</param>
    /// <param name="ignoreIndex">The target of rows that do not count.</param>
    /// <param name="softCap">Logits become c·tanh(logit/c); 0 for none.</param>
    public virtual Tensor CrossEntropy(Tensor x, ReadOnlySpan<int> targets, int ignoreIndex = -100, float softCap = 0)
    {
        Tensor logits = Forward(x);
        return Ops.CrossEntropy(softCap > 0 ? Ops.SoftCap(logits, softCap) : logits, targets, ignoreIndex);
    }

    /// <summary>What this layer can learn, under names that begin with <paramref name="name"/>; nothing if it is frozen.</summary>
    public virtual IEnumerable<Parameter> Parameters(string name) => [];
}
