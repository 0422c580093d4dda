namespace Heed.Tensors;

/// <content>Element by element, and folds.</content>
internal sealed partial class ReferenceBackend
{
    public void Fill(Tensor destination, double value)
    {
        ReferenceView target = new(destination);
        for (int i = 0; i < destination.ElementCount; i++) target[i] = value;
    }

    public void Copy(Tensor source, Tensor destination)
    {
        ReferenceView from = new(source), to = new(destination);
        for (int i = 0; i < destination.ElementCount; i++) to[i] = from[i];
    }

    public void Unary(UnaryOp op, Tensor x, Tensor destination)
    {
        ReferenceView source = new(x), target = new(destination);
        for (int i = 0; i < destination.ElementCount; i++) target[i] = Apply(op, source[i]);
    }

    public void Binary(BinaryOp op, Tensor a, Tensor b, Tensor destination)
    {
        ReferenceView left = new(a), right = new(b), target = new(destination);
        for (int i = 0; i < destination.ElementCount; i++) target[i] = Apply(op, left[i], right[i]);
    }

    public void Reduce(ReduceOp op, Tensor x, int axes, Tensor destination)
    {
        int folded = 1;
        for (int axis = x.Rank - axes; axis < x.Rank; axis++) folded *= x.Shape[axis];
        ReferenceView source = new(x), target = new(destination);
        for (int i = 0; i < destination.ElementCount; i++)
        {
            double result = op switch { ReduceOp.Max => double.NegativeInfinity, ReduceOp.Min => double.PositiveInfinity, _ => 0 };
            for (int j = 0; j < folded; j++)
            {
                double value = source[i * folded + j];
                result = op switch
                {
                    ReduceOp.Max => Math.Max(result, value),
                    ReduceOp.Min => Math.Min(result, value),
                    _ => result + value,
                };
            }
            target[i] = op == ReduceOp.Mean ? result / folded : result;
        }
    }

    internal static double Apply(UnaryOp op, double x) => op switch
    {
        UnaryOp.Negate => -x,
        UnaryOp.Abs => Math.Abs(x),
        UnaryOp.Square => x * x,
        UnaryOp.Sqrt => Math.Sqrt(x),
        UnaryOp.Rsqrt => 1 / Math.Sqrt(x),
        UnaryOp.Reciprocal => 1 / x,
        UnaryOp.Exp => Math.Exp(x),
        UnaryOp.Log => Math.Log(x),
        UnaryOp.Sin => Math.Sin(x),
        UnaryOp.Cos => Math.Cos(x),
        UnaryOp.Tanh => Math.Tanh(x),
        UnaryOp.Sigmoid => Sigmoid(x),
        UnaryOp.Erf => Erf(x),
        UnaryOp.Relu => Math.Max(x, 0),
        UnaryOp.Silu => x * Sigmoid(x),
        UnaryOp.GeluTanh => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
        UnaryOp.GeluErf => 0.5 * x * (1 + Erf(x / Math.Sqrt(2))),
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, "Unary: unknown operation."),
    };

    internal static double Apply(BinaryOp op, double a, double b) => op switch
    {
        BinaryOp.Add => a + b,
        BinaryOp.Subtract => a - b,
        BinaryOp.Multiply => a * b,
        BinaryOp.Divide => a / b,
        BinaryOp.Maximum => Math.Max(a, b),
        BinaryOp.Minimum => Math.Min(a, b),
        BinaryOp.Power => Math.Pow(a, b),
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, "Binary: unknown operation."),
    };

    internal static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>2/√π·e^(−x²)·Σ 2ⁿx^(2n+1)/(1·3·…·(2n+1)): all terms have one sign, so none cancel.</summary>
    internal static double Erf(double x)
    {
        if (double.IsNaN(x)) return x;
        if (Math.Abs(x) > 6) return Math.Sign(x);
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
