namespace Heed.Tensors;

/// <content>Functions of one element.</content>
public sealed partial class Tensor
{
    /// <summary>|x|.</summary>
    public Tensor Abs() => Ops.Unary(UnaryOp.Abs, this);

    /// <summary>x².</summary>
    public Tensor Square() => Ops.Unary(UnaryOp.Square, this);

    /// <summary>√x; NaN below 0.</summary>
    public Tensor Sqrt() => Ops.Unary(UnaryOp.Sqrt, this);

    /// <summary>1/√x.</summary>
    public Tensor Rsqrt() => Ops.Unary(UnaryOp.Rsqrt, this);

    /// <summary>1/x.</summary>
    public Tensor Reciprocal() => Ops.Unary(UnaryOp.Reciprocal, this);

    /// <summary>e^x.</summary>
    public Tensor Exp() => Ops.Unary(UnaryOp.Exp, this);

    /// <summary>The natural logarithm; NaN below 0.</summary>
    public Tensor Log() => Ops.Unary(UnaryOp.Log, this);

    /// <summary>sin x, x in radians.</summary>
    public Tensor Sin() => Ops.Unary(UnaryOp.Sin, this);

    /// <summary>cos x, x in radians.</summary>
    public Tensor Cos() => Ops.Unary(UnaryOp.Cos, this);

    /// <summary>The hyperbolic tangent.</summary>
    public Tensor Tanh() => Ops.Unary(UnaryOp.Tanh, this);

    /// <summary>1/(1 + e^−x).</summary>
    public Tensor Sigmoid() => Ops.Unary(UnaryOp.Sigmoid, this);

    /// <summary>The error function, 2/√π·∫₀ˣ e^(−t²) dt.</summary>
    public Tensor Erf() => Ops.Unary(UnaryOp.Erf, this);
}
