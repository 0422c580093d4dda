using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>A linear layer that notes what it is given.</summary>
internal sealed class ObservedLinear(Linear inner, ColumnSquares squares) : Linear(inner.InFeatures, inner.OutFeatures)
{
    public override Tensor Forward(Tensor x)
    {
        squares.Add(x);
        return inner.Forward(x);
    }

    public override Tensor ForwardAdd(Tensor x, Tensor residual)
    {
        squares.Add(x);
        return inner.ForwardAdd(x, residual);
    }
}
