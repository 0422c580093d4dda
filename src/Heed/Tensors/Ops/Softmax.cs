namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Softmax over the last axis, e^x/Σe^x, with the maximum taken out first. An element of −∞ counts as masked and gives
    /// 0; a row of nothing else gives zeros, not NaN.
    /// </summary>
    public static Tensor Softmax(Tensor x)
    {
        if (x.Rank == 0) TensorErrors.WrongShape("Softmax", "x", x.Shape, "one axis or more");
        Tensor result = Tensor.Allocate(x.Shape, x.Device);
        x.Backend.Softmax(x, result);
        return result;
    }
}
