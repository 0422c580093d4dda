namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>op(x), element by element.</summary>
    internal static Tensor Unary(UnaryOp op, Tensor x)
    {
        Tensor result = Tensor.Allocate(x.Shape, x.Device);
        x.Backend.Unary(op, x, result);
        return result;
    }
}
