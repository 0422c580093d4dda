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
        if (GradientTape.Watching(x) is { } tape) SoftmaxGradient(tape, x, result);
        return result;
    }

    private static void SoftmaxGradient(GradientTape tape, Tensor x, Tensor result)
    {
        GradientNode node = x.Node!;
        SavedTensor y = tape.Save(result, "Softmax");
        tape.Record(result, gradient =>
        {
            Tensor dx = Tensor.Allocate(gradient.Shape, gradient.Device);
            gradient.Backend.SoftmaxBackward(y.Value, gradient.Contiguous(), dx);
            node.Add(dx);
        });
    }
}
