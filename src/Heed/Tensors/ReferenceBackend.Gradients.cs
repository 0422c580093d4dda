namespace Heed.Tensors;

/// <content>The gradients of norms, activations, sums and tables. All tensors are contiguous.</content>
internal sealed partial class ReferenceBackend
{
    public void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx)
    {
        int size = y.Shape[^1];
        for (int r = 0; r < RowsOf(y); r++)
        {
            ReadOnlySpan<double> p = Row(y, r, size), upstream = Row(dy, r, size);
            double dot = 0;
            for (int i = 0; i < size; i++) dot += upstream[i] * p[i];
            Span<double> target = Row(dx, r, size);
            for (int i = 0; i < size; i++) target[i] = p[i] * (upstream[i] - dot);
        }
    }

    public void RmsNormBackward(Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, Tensor? dWeight)
    {
        int size = x.Shape[^1];
        ReadOnlySpan<double> gain = Row(weight, 0, size);
        double[] normed = new double[size], upstream = new double[size];
        for (int r = 0; r < RowsOf(x); r++)
        {
            double squares = 0;
            foreach (double value in Row(x, r, size)) squares += value * value;
            double root = Math.Sqrt(squares / size + epsilon);
            Row(dy, r, size).CopyTo(upstream);
            for (int i = 0; i < size; i++) normed[i] = Row(x, r, size)[i] / root;
            if (dWeight is not null)
                for (int i = 0; i < size; i++) Row(dWeight, 0, size)[i] += upstream[i] * normed[i];
            if (dx is null) continue;
            double dot = 0;
            for (int i = 0; i < size; i++) dot += upstream[i] * gain[i] * normed[i] / size;
            for (int i = 0; i < size; i++) Row(dx, r, size)[i] = (upstream[i] * gain[i] - normed[i] * dot) / root;
        }
    }

    public void LayerNormBackward(Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, Tensor? dWeight, Tensor? dBias)
    {
        int size = x.Shape[^1];
        ReadOnlySpan<double> gain = Row(weight, 0, size);
        double[] normed = new double[size], upstream = new double[size];
        for (int r = 0; r < RowsOf(x); r++)
        {
            double mean = 0, variance = 0;
            foreach (double value in Row(x, r, size)) mean += value / size;
            foreach (double value in Row(x, r, size)) variance += (value - mean) * (value - mean) / size;
            double root = Math.Sqrt(variance + epsilon);
            Row(dy, r, size).CopyTo(upstream);
            for (int i = 0; i < size; i++) normed[i] = (Row(x, r, size)[i] - mean) / root;
            if (dWeight is not null)
                for (int i = 0; i < size; i++) Row(dWeight, 0, size)[i] += upstream[i] * normed[i];
            if (dBias is not null)
                for (int i = 0; i < size; i++) Row(dBias, 0, size)[i] += upstream[i];
            if (dx is null) continue;
            double plain = 0, dot = 0;
            for (int i = 0; i < size; i++)
            {
                plain += upstream[i] * gain[i] / size;
                dot += upstream[i] * gain[i] * normed[i] / size;
            }
            for (int i = 0; i < size; i++) Row(dx, r, size)[i] = (upstream[i] * gain[i] - plain - normed[i] * dot) / root;
        }
    }

    public void ActivateBackward(Activation activation, Tensor x, Tensor dy, Tensor dx, float beta = 1)
    {
        ReadOnlySpan<double> source = All(x), upstream = All(dy);
        Span<double> target = All(dx);
        for (int i = 0; i < target.Length; i++) target[i] = upstream[i] * Slope(activation, source[i], beta);
    }

    public void GatedBackward(Activation activation, Tensor x, Tensor dy, Tensor dx, float beta = 1)
    {
        int hidden = dy.Shape[^1];
        for (int r = 0; r < RowsOf(dy); r++)
            for (int i = 0; i < hidden; i++)
            {
                double gate = Row(x, r, 2 * hidden)[i], up = Row(x, r, 2 * hidden)[hidden + i], upstream = Row(dy, r, hidden)[i];
                Row(dx, r, 2 * hidden)[i] = upstream * up * Slope(activation, gate, beta);
                Row(dx, r, 2 * hidden)[hidden + i] = upstream * Value(activation, gate, beta);
            }
    }

    public void SumRows(Tensor x, Tensor destination)
    {
        int columns = x.Shape[^1];
        Span<double> sums = All(destination);
        for (int r = 0; r < RowsOf(x); r++)
            for (int c = 0; c < columns; c++) sums[c] += Row(x, r, columns)[c];
    }

    public void ScatterAdd(Tensor rows, ReadOnlySpan<int> ids, Tensor table)
    {
        int size = table.Shape[1];
        for (int r = 0; r < ids.Length; r++)
            for (int i = 0; i < size; i++) Row(table, ids[r], size)[i] += Row(rows, r, size)[i];
    }

    private static double Slope(Activation activation, double x, double beta)
    {
        switch (activation)
        {
            case Activation.Silu:
                return Sigmoid(x) * (1 + x * (1 - Sigmoid(x)));
            case Activation.GeluTanh:
                double tanh = Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x));
                double slope = Math.Sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
                return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * slope;
            case Activation.GeluErf:
                return 0.5 * (1 + Erf(x / Math.Sqrt(2))) + x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
            case Activation.Swish:
                return Sigmoid(beta * x) * (1 + beta * x * (1 - Sigmoid(beta * x)));
            case Activation.Sigmoid:
                return Sigmoid(x) * (1 - Sigmoid(x));
            default:
                return x > 0 ? 1 : 0;
        }
    }

    private static double Value(Activation activation, double x, double beta) =>
        activation == Activation.Swish ? x * Sigmoid(beta * x) : Apply(OpOf(activation), x);

    private static UnaryOp OpOf(Activation activation) => activation switch
    {
        Activation.Silu => UnaryOp.Silu,
        Activation.GeluTanh => UnaryOp.GeluTanh,
        Activation.GeluErf => UnaryOp.GeluErf,
        Activation.Relu => UnaryOp.Relu,
        Activation.Sigmoid => UnaryOp.Sigmoid,
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Gated: unknown activation."),
    };

    private static Span<double> All(Tensor x) => x.Span<double>(x.ElementCount);

    private static Span<double> Row(Tensor x, int row, int size) => All(x).Slice(row * size, size);
}
