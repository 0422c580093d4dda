namespace Heed.Tensors;

/// <content>Arithmetic. Operands of different shapes broadcast: axes are aligned at the last one, and a 1 repeats.</content>
public sealed partial class Tensor
{
    /// <summary>a + b.</summary>
    public static Tensor operator +(Tensor a, Tensor b) => Ops.Binary(BinaryOp.Add, a, b);

    /// <summary>a + b for every element of a.</summary>
    public static Tensor operator +(Tensor a, double b) => Ops.Binary(BinaryOp.Add, a, b);

    /// <summary>a + b for every element of b.</summary>
    public static Tensor operator +(double a, Tensor b) => Ops.Binary(BinaryOp.Add, b, a, scalarFirst: true);

    /// <summary>a − b.</summary>
    public static Tensor operator -(Tensor a, Tensor b) => Ops.Binary(BinaryOp.Subtract, a, b);

    /// <summary>a − b for every element of a.</summary>
    public static Tensor operator -(Tensor a, double b) => Ops.Binary(BinaryOp.Subtract, a, b);

    /// <summary>a − b for every element of b.</summary>
    public static Tensor operator -(double a, Tensor b) => Ops.Binary(BinaryOp.Subtract, b, a, scalarFirst: true);

    /// <summary>a·b, element by element; for matrices see <see cref="MatMul"/>.</summary>
    public static Tensor operator *(Tensor a, Tensor b) => Ops.Binary(BinaryOp.Multiply, a, b);

    /// <summary>a·b for every element of a.</summary>
    public static Tensor operator *(Tensor a, double b) => Ops.Binary(BinaryOp.Multiply, a, b);

    /// <summary>a·b for every element of b.</summary>
    public static Tensor operator *(double a, Tensor b) => Ops.Binary(BinaryOp.Multiply, b, a, scalarFirst: true);

    /// <summary>a/b.</summary>
    public static Tensor operator /(Tensor a, Tensor b) => Ops.Binary(BinaryOp.Divide, a, b);

    /// <summary>a/b for every element of a.</summary>
    public static Tensor operator /(Tensor a, double b) => Ops.Binary(BinaryOp.Divide, a, b);

    /// <summary>a/b for every element of b.</summary>
    public static Tensor operator /(double a, Tensor b) => Ops.Binary(BinaryOp.Divide, b, a, scalarFirst: true);

    /// <summary>−x.</summary>
    public static Tensor operator -(Tensor x) => Ops.Unary(UnaryOp.Negate, x);

    /// <summary>x to the power of <paramref name="exponent"/>.</summary>
    public Tensor Pow(Tensor exponent) => Ops.Binary(BinaryOp.Power, this, exponent);

    /// <summary>x to the power of <paramref name="exponent"/>.</summary>
    public Tensor Pow(double exponent) => exponent == 2 ? Square() : Ops.Binary(BinaryOp.Power, this, exponent);

    /// <summary>The greater of x and <paramref name="other"/>; NaN if either is.</summary>
    public Tensor Maximum(Tensor other) => Ops.Binary(BinaryOp.Maximum, this, other);

    /// <summary>The greater of x and <paramref name="other"/>; NaN if either is.</summary>
    public Tensor Maximum(double other) => Ops.Binary(BinaryOp.Maximum, this, other);

    /// <summary>The smaller of x and <paramref name="other"/>; NaN if either is.</summary>
    public Tensor Minimum(Tensor other) => Ops.Binary(BinaryOp.Minimum, this, other);

    /// <summary>The smaller of x and <paramref name="other"/>; NaN if either is.</summary>
    public Tensor Minimum(double other) => Ops.Binary(BinaryOp.Minimum, this, other);

    /// <summary>The matrix product over the last two axes; see <see cref="Ops.MatMul"/>.</summary>
    public Tensor MatMul(Tensor other) => Ops.MatMul(this, other);
}
