namespace Heed.Tensors;

/// <summary>Functions of one element.</summary>
internal enum UnaryOp
{
    Negate,
    Abs,
    Square,
    Sqrt,
    Rsqrt,
    Reciprocal,
    Exp,
    Log,
    Sin,
    Cos,
    Tanh,
    Sigmoid,
    Erf,
    Relu,
    Silu,
    GeluTanh,
    GeluErf,
}
