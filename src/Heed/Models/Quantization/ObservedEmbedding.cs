using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>A table whose tied output layer notes what it is given.</summary>
internal sealed class ObservedEmbedding(Embedding inner, ColumnSquares squares) : Embedding(inner.Count, inner.Dim)
{
    public override Tensor Forward(ReadOnlySpan<int> ids) => inner.Forward(ids);

    public override Linear AsLinear() => new ObservedLinear(inner.AsLinear(), squares);
}
