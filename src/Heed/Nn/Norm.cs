using Heed.Tensors;

namespace Heed.Nn;

/// <summary>Normalisation of rows: each over its own last axis, or all of them column by column (<see cref="BatchNorm"/>).</summary>
public abstract class Norm
{
    /// <summary>The normalised rows, in the shape of <paramref name="x"/>.</summary>
    public abstract Tensor Forward(Tensor x);

    /// <summary>What this norm can learn, under names that begin with <paramref name="name"/>.</summary>
    public abstract IEnumerable<Parameter> Parameters(string name);

    /// <summary>What belongs to this norm's state though no gradient reaches it, under names that begin with <paramref name="name"/>.</summary>
    public virtual IEnumerable<Parameter> Buffers(string name) => [];

    /// <summary>As <see cref="Forward(Tensor)"/>, in a training step if <paramref name="training"/>.</summary>
    internal virtual Tensor Forward(Tensor x, bool training) => Forward(x);
}
