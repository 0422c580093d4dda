namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>op(x), element by element.</summary>
    internal static Tensor Unary(UnaryOp op, Tensor x)
    {
        Tensor result = Tensor.Allocate(x.Shape, x.Device);
        x.Backend.Unary(op, x, result);
        if (GradientTape.Watching(x) is { } tape) UnaryGradient(tape, op, x, result);
        return result;
    }

    private static void UnaryGradient(GradientTape tape, UnaryOp op, Tensor x, Tensor result)
    {
        GradientNode node = x.Node!;
        if (ActivationOf(op) is { } activation)
        {
            ActivateGradient(tape, activation, x, result);
            return;
        }
        if (op == UnaryOp.Negate)
        {
            tape.Record(result, gradient => node.Add(-gradient));
            return;
        }
        bool fromResult = op is UnaryOp.Sqrt or UnaryOp.Rsqrt or UnaryOp.Reciprocal or UnaryOp.Exp or UnaryOp.Tanh or UnaryOp.Sigmoid;
        SavedTensor saved = tape.Save(fromResult ? result : x, "an element-wise function");
        tape.Record(result, gradient => node.Add(gradient * Slope(op, saved.Value)));
    }

    /// <summary>The derivative, of the result's value where that is simplest, else of the argument's.</summary>
    private static Tensor Slope(UnaryOp op, Tensor v) => op switch
    {
        UnaryOp.Sqrt => 0.5 / v,
        UnaryOp.Rsqrt => v * v * v * -0.5,
        UnaryOp.Reciprocal => -v.Square(),
        UnaryOp.Exp => v,
        UnaryOp.Tanh => 1 - v.Square(),
        UnaryOp.Sigmoid => v * (1 - v),
        UnaryOp.Abs => Compare(v, Tensor.Zeros(v.Shape, v.Device), 1, 0, -1),
        UnaryOp.Square => v * 2,
        UnaryOp.Log => v.Reciprocal(),
        UnaryOp.Sin => v.Cos(),
        UnaryOp.Cos => -v.Sin(),
        UnaryOp.Erf => (-v.Square()).Exp() * (2 / Math.Sqrt(Math.PI)),
        _ => throw new NotSupportedException($"Backward: {op} has no derivative."),
    };

    private static Activation? ActivationOf(UnaryOp op) => op switch
    {
        UnaryOp.Silu => Activation.Silu,
        UnaryOp.GeluTanh => Activation.GeluTanh,
        UnaryOp.GeluErf => Activation.GeluErf,
        UnaryOp.Relu => Activation.Relu,
        _ => null,
    };
}
