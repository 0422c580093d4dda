namespace Heed.Tensors;

/// <content>Products, tables, norms and softmax.</content>
internal sealed partial class ReferenceBackend
{
    public void MatMul(Tensor a, Tensor b, Tensor destination, bool accumulate = false)
    {
        int batch = a.Shape[0], rows = a.Shape[1], inner = a.Shape[2], columns = b.Shape[2];
        ReferenceView left = new(a), right = new(b), target = new(destination);
        for (int g = 0; g < batch; g++)
            for (int i = 0; i < rows; i++)
                for (int j = 0; j < columns; j++)
                {
                    double sum = 0;
                    for (int p = 0; p < inner; p++) sum += left.At(g, i, p) * right.At(g, p, j);
                    ref double cell = ref target.At(g, i, j);
                    cell = accumulate ? cell + sum : sum;
                }
    }

    public void Linear(Tensor x, LinearWeights weights, Tensor? bias, Tensor destination, bool accumulate)
    {
        int rows = RowsOf(destination);
        float[] weight = new float[weights.Columns];
        ReferenceView source = new(x), target = new(destination);
        for (int o = 0; o < weights.Rows; o++)
        {
            weights.ReadRow(o, weight);
            for (int r = 0; r < rows; r++)
            {
                double sum = bias is null ? 0 : new ReferenceView(bias)[o];
                for (int i = 0; i < weight.Length; i++) sum += source[r * weight.Length + i] * weight[i];
                ref double cell = ref target[r * weights.Rows + o];
                cell = accumulate ? cell + sum : sum;
            }
        }
    }

    public void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor destination)
    {
        ReferenceView source = new(table), target = new(destination);
        for (int r = 0; r < ids.Length; r++)
            for (int i = 0; i < table.Shape[1]; i++) target.At(r, i) = source.At(ids[r], i);
    }

    public void Gather(LinearWeights table, ReadOnlySpan<int> ids, Tensor destination)
    {
        float[] row = new float[table.Columns];
        ReferenceView target = new(destination);
        for (int r = 0; r < ids.Length; r++)
        {
            table.ReadRow(ids[r], row);
            for (int i = 0; i < row.Length; i++) target.At(r, i) = row[i];
        }
    }

    public void Softmax(Tensor x, Tensor destination)
    {
        int size = x.Shape[^1];
        double[] row = new double[size];
        ReferenceView source = new(x), target = new(destination);
        for (int r = 0; r < RowsOf(x); r++)
        {
            for (int i = 0; i < size; i++) row[i] = source[r * size + i];
            SoftmaxRow(row);
            for (int i = 0; i < size; i++) target[r * size + i] = row[i];
        }
    }

    public void RmsNorm(Tensor x, Tensor weight, float epsilon, Tensor destination)
    {
        int size = x.Shape[^1];
        ReferenceView source = new(x), gain = new(weight), target = new(destination);
        for (int r = 0; r < RowsOf(x); r++)
        {
            double squares = 0;
            for (int i = 0; i < size; i++) squares += source[r * size + i] * source[r * size + i];
            double root = Math.Sqrt(squares / size + epsilon);
            for (int i = 0; i < size; i++) target[r * size + i] = source[r * size + i] / root * gain[i];
        }
    }

    public void LayerNorm(Tensor x, Tensor weight, Tensor? bias, float epsilon, Tensor destination)
    {
        int size = x.Shape[^1];
        ReferenceView source = new(x), gain = new(weight), target = new(destination);
        for (int r = 0; r < RowsOf(x); r++)
        {
            double mean = 0, variance = 0;
            for (int i = 0; i < size; i++) mean += source[r * size + i] / size;
            for (int i = 0; i < size; i++) variance += Math.Pow(source[r * size + i] - mean, 2) / size;
            double root = Math.Sqrt(variance + epsilon);
            for (int i = 0; i < size; i++)
            {
                double shift = bias is null ? 0 : new ReferenceView(bias)[i];
                target[r * size + i] = (source[r * size + i] - mean) / root * gain[i] + shift;
            }
        }
    }

    /// <summary>e^x/Σe^x in place; −∞ is masked, and where all is masked all becomes 0.</summary>
    private static void SoftmaxRow(Span<double> row)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (double value in row) max = Math.Max(max, value);
        if (double.IsNegativeInfinity(max))
        {
            row.Clear();
            return;
        }
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = Math.Exp(row[i] - max);
            sum += row[i];
        }
        for (int i = 0; i < row.Length; i++) row[i] /= sum;
    }

    private static int RowsOf(Tensor x)
    {
        int rows = 1;
        for (int axis = 0; axis < x.Rank - 1; axis++) rows *= x.Shape[axis];
        return rows;
    }
}
