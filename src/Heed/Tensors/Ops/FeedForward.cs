namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Gated activation, act(gate)·up, for rows that hold [gate | up]: SwiGLU with SiLU or Swish, GeGLU with GELU, ReGLU
    /// with ReLU, GLU with the sigmoid (Shazeer 2020, arXiv 2002.05202).
    /// </summary>
    /// <param name="x">[…, 2·hidden].</param>
    /// <param name="activation">The function of the gate.</param>
    /// <param name="beta">Swish's β.</param>
    /// <returns>[…, hidden].</returns>
    public static Tensor Gated(Tensor x, Activation activation, float beta = 1)
    {
        if (x.Rank == 0 || x.Shape[^1] % 2 != 0) TensorErrors.WrongShape("Gated", "x", x.Shape, "[…, 2·hidden]");
        Tensor input = x.Contiguous();
        Tensor result = Tensor.Allocate(x.Shape.WithLast(x.Shape[^1] / 2), x.Device);
        x.Backend.Gated(activation, input, result, beta);
        if (GradientTape.Watching(input) is { } tape) GatedGradient(tape, activation, beta, input, result);
        return result;
    }

    private static void GatedGradient(GradientTape tape, Activation activation, float beta, Tensor x, Tensor result)
    {
        GradientNode node = x.Node!;
        SavedTensor input = tape.Save(x, "Gated");
        tape.Record(result, gradient =>
        {
            Tensor dx = Tensor.Allocate(node.Shape, gradient.Device);
            gradient.Backend.GatedBackward(activation, input.Value, gradient.Contiguous(), dx, beta);
            node.Add(dx);
        });
    }

    /// <summary>An activation function, element by element.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="activation">The function.</param>
    /// <param name="beta">Swish's β.</param>
    public static Tensor Activate(Tensor x, Activation activation, float beta = 1)
    {
        Tensor result = Tensor.Allocate(x.Shape, x.Device);
        if (activation == Activation.Swish) Swish(x, beta, result);
        else x.Backend.Unary(OpOf(activation), x, result);
        if (GradientTape.Watching(x) is { } tape) ActivateGradient(tape, activation, x, result, beta);
        return result;
    }

    private static void Swish(Tensor x, float beta, Tensor result)
    {
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor factor = Tensor.Full(new Shape(1), beta, x.Device).BroadcastTo(x.Shape);
        x.Backend.Binary(BinaryOp.Multiply, x, factor, result);
        x.Backend.Unary(UnaryOp.Sigmoid, result, result);
        x.Backend.Binary(BinaryOp.Multiply, x, result, result);
    }

    private static UnaryOp OpOf(Activation activation) => activation switch
    {
        Activation.Silu => UnaryOp.Silu,
        Activation.GeluTanh => UnaryOp.GeluTanh,
        Activation.GeluErf => UnaryOp.GeluErf,
        Activation.Sigmoid => UnaryOp.Sigmoid,
        _ => UnaryOp.Relu,
    };

    private static void ActivateGradient(GradientTape tape, Activation activation, Tensor x, Tensor result, float beta = 1)
    {
        GradientNode node = x.Node!;
        SavedTensor input = tape.Save(x, "an activation");
        tape.Record(result, gradient =>
        {
            Tensor dx = Tensor.Allocate(node.Shape, gradient.Device);
            gradient.Backend.ActivateBackward(activation, input.Value.Contiguous(), gradient.Contiguous(), dx, beta);
            node.Add(dx);
        });
    }

    /// <summary>Soft-capping, c·tanh(x/c): keeps values inside (−c, c) (Gemma 2, arXiv 2408.00118).</summary>
    public static Tensor SoftCap(Tensor x, float cap) => (x / cap).Tanh() * cap;

    /// <summary>Soft-capping as <see cref="SoftCap"/>, written over <paramref name="x"/>, which is returned.</summary>
    public static Tensor SoftCapInPlace(Tensor x, float cap)
    {
        x.BeginWrite("SoftCap");
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor c = Tensor.Full(new Shape(1), cap, x.Device).BroadcastTo(x.Shape);
        x.Backend.Binary(BinaryOp.Divide, x, c, x);
        x.Backend.Unary(UnaryOp.Tanh, x, x);
        x.Backend.Binary(BinaryOp.Multiply, x, c, x);
        return x;
    }
}
