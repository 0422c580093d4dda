using Heed.Tensors;

namespace Heed.Nn;

/// <summary>Normalisation of each row over its last axis.</summary>
public abstract class Norm
{
    /// <summary>The normalised rows, in the shape of <paramref name="x"/>.</summary>
    public abstract Tensor Forward(Tensor x);

    /// <summary>What this norm can learn, under names that begin with <paramref name="name"/>.</summary>
    public abstract IEnumerable<Parameter> Parameters(string name);
}
