namespace Heed.Tensors;

/// <summary>
/// Tells <see cref="Ops.LinearCrossEntropy(Tensor, Tensor, Tensor?, ReadOnlySpan{int}, int, float)"/> that a matrix makes only some of the logits, and how
/// losses come about when others make the rest.
/// </summary>
/// <param name="classes">All logits of a row.</param>
/// <param name="widest">The most that anyone makes: it decides how many rows are taken at a time, which must be the same everywhere.</param>
internal abstract class LogitShare(int classes, int widest)
{
    public int Classes { get; } = classes;

    public int Widest { get; } = widest;

    /// <summary>As <see cref="IBackend.CrossEntropy"/>, of the logits that are here; targets count from the first logit of all.</summary>
    public abstract double CrossEntropy(Tensor logits, ReadOnlySpan<int> targets, int ignoreIndex, float softCap, double gradientScale, Tensor? gradient);

    /// <summary>Adds up the parts of the input's gradient that come from everyone's logits, in place.</summary>
    public abstract void SumInputGradient(Tensor gradient);
}
