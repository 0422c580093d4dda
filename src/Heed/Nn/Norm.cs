using Heed.Tensors;

namespace Heed.Nn;

/// <summary>Normalisation of each row over its last axis.</summary>
public abstract class Norm
{
    /// <summary>The normalised rows, in the shape of <paramref name="x"/>.</summary>
    public abstract Tensor Forward(Tensor x);
}
