using System.Numerics.Tensors;
using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>
/// The element functions over contiguous float32 spans; the destination may be an operand. An element's result depends
/// on its operands alone, not on its place or the length: only correctly rounded operations go through TensorPrimitives,
/// whose short spans take another path than its long ones; the rest are this library's kernels, or scalar.
/// </summary>
internal static class ElementFunctions
{
    public static void Apply(BinaryOp op, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> destination)
    {
        switch (op)
        {
            case BinaryOp.Add: TensorPrimitives.Add(a, b, destination); break;
            case BinaryOp.Subtract: TensorPrimitives.Subtract(a, b, destination); break;
            case BinaryOp.Multiply: TensorPrimitives.Multiply(a, b, destination); break;
            case BinaryOp.Divide: TensorPrimitives.Divide(a, b, destination); break;
            case BinaryOp.Maximum: TensorPrimitives.Max(a, b, destination); break;
            case BinaryOp.Minimum: TensorPrimitives.Min(a, b, destination); break;
            case BinaryOp.Power:
                for (int i = 0; i < a.Length; i++) destination[i] = MathF.Pow(a[i], b[i]);
                break;
            default: throw Unknown(op);
        }
    }

    public static void Apply(BinaryOp op, ReadOnlySpan<float> a, float b, Span<float> destination)
    {
        switch (op)
        {
            case BinaryOp.Add: TensorPrimitives.Add(a, b, destination); break;
            case BinaryOp.Subtract: TensorPrimitives.Subtract(a, b, destination); break;
            case BinaryOp.Multiply: TensorPrimitives.Multiply(a, b, destination); break;
            case BinaryOp.Divide: TensorPrimitives.Divide(a, b, destination); break;
            case BinaryOp.Maximum: TensorPrimitives.Max(a, b, destination); break;
            case BinaryOp.Minimum: TensorPrimitives.Min(a, b, destination); break;
            case BinaryOp.Power:
                for (int i = 0; i < a.Length; i++) destination[i] = MathF.Pow(a[i], b);
                break;
            default: throw Unknown(op);
        }
    }

    public static void Apply(UnaryOp op, ReadOnlySpan<float> x, Span<float> destination)
    {
        switch (op)
        {
            case UnaryOp.Negate: TensorPrimitives.Negate(x, destination); break;
            case UnaryOp.Abs: TensorPrimitives.Abs(x, destination); break;
            case UnaryOp.Square: TensorPrimitives.Multiply(x, x, destination); break;
            case UnaryOp.Sqrt: TensorPrimitives.Sqrt(x, destination); break;
            case UnaryOp.Rsqrt:
                TensorPrimitives.Sqrt(x, destination);
                TensorPrimitives.Divide(1f, destination, destination);
                break;
            case UnaryOp.Reciprocal: TensorPrimitives.Divide(1f, x, destination); break;
            case UnaryOp.Relu: TensorPrimitives.Max(x, 0f, destination); break;
            case UnaryOp.Exp: Elementwise.Exp(x, destination); break;
            case UnaryOp.Log:
                for (int i = 0; i < x.Length; i++) destination[i] = MathF.Log(x[i]);
                break;
            case UnaryOp.Sin:
                for (int i = 0; i < x.Length; i++) destination[i] = MathF.Sin(x[i]);
                break;
            case UnaryOp.Cos:
                for (int i = 0; i < x.Length; i++) destination[i] = MathF.Cos(x[i]);
                break;
            case UnaryOp.Tanh: Activations.Apply(ActivationKind.Tanh, x, destination); break;
            case UnaryOp.Sigmoid: Activations.Apply(ActivationKind.Sigmoid, x, destination); break;
            case UnaryOp.Erf: Map.Run<Elementwise.ErfMap>(x, destination); break;
            case UnaryOp.Silu: Activations.Apply(ActivationKind.Silu, x, destination); break;
            case UnaryOp.GeluTanh: Activations.Apply(ActivationKind.GeluTanh, x, destination); break;
            case UnaryOp.GeluErf: Activations.Apply(ActivationKind.Gelu, x, destination); break;
            default: throw new ArgumentOutOfRangeException(nameof(op), op, "Unary: unknown operation.");
        }
    }

    private static ArgumentOutOfRangeException Unknown(BinaryOp op) => new(nameof(op), op, "Binary: unknown operation.");
}
