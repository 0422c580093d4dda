using Heed.Tensors;

namespace Heed.Nn;

/// <summary>A table of vectors, one for each token (or position).</summary>
public abstract class Embedding(int count, int dim)
{
    /// <summary>The number of vectors.</summary>
    public int Count { get; } = count;

    /// <summary>The size of a vector.</summary>
    public int Dim { get; } = dim;

    /// <summary>The vectors of the given ids: [ids, dim].</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the table.</exception>
    public abstract Tensor Forward(ReadOnlySpan<int> ids);

    /// <summary>The same table as an output layer, dim → count, for models that tie the two.</summary>
    public abstract Linear AsLinear();

    /// <summary>What this table can learn, under names that begin with <paramref name="name"/>; nothing if it is frozen.</summary>
    public virtual IEnumerable<Parameter> Parameters(string name) => [];
}
