namespace Heed.Tensors;

/// <content>Attention-free mixing, weight by weight.</content>
internal sealed partial class ReferenceBackend
{
    public void AttentionFree(Tensor k, Tensor v, in PositionBias bias, bool causal, Tensor? state, Tensor destination, Tensor norms)
    {
        int seq = k.Shape[1], rows = destination.Shape[1], skipped = causal ? seq - rows : 0;
        ReferenceView keys = new(k), values = new(v), target = new(destination), sums = new(norms);
        double[,] w = Spread(bias, seq);
        for (int b = 0; b < k.Shape[0]; b++)
            for (int i = 0; i < k.Shape[2]; i++)
            {
                double pastMax = 0, pastSum = 0, pastTotal = 0;
                if (state is not null) (pastMax, pastSum, pastTotal) = (new ReferenceView(state).At(b, 0, i), new ReferenceView(state).At(b, 1, i), new ReferenceView(state).At(b, 2, i));
                if (pastTotal == 0) pastMax = double.NegativeInfinity;
                for (int t = 0; t < rows; t++)
                {
                    int end = causal ? skipped + t + 1 : seq;
                    double max = pastMax;
                    for (int j = 0; j < end; j++) max = Math.Max(max, keys.At(b, j, i) + w[skipped + t, j]);
                    double sum = pastTotal == 0 ? 0 : pastSum * Math.Exp(pastMax - max), total = pastTotal == 0 ? 0 : pastTotal * Math.Exp(pastMax - max);
                    for (int j = 0; j < end; j++)
                    {
                        double weight = Math.Exp(keys.At(b, j, i) + w[skipped + t, j] - max);
                        sum += weight * values.At(b, j, i);
                        total += weight;
                    }
                    target.At(b, t, i) = sum / total;
                    sums.At(b, t, 0, i) = max;
                    sums.At(b, t, 1, i) = total;
                    if (state is null || t < rows - 1) continue;
                    new ReferenceView(state).At(b, 0, i) = max;
                    new ReferenceView(state).At(b, 1, i) = sum;
                    new ReferenceView(state).At(b, 2, i) = total;
                }
            }
    }

    public void AttentionFreeBackward(Tensor k, Tensor v, in PositionBias bias, bool causal, Tensor average, Tensor norms, Tensor gradient,
        Tensor dk, Tensor dv, in PositionBias dBias)
    {
        int seq = k.Shape[1];
        ReferenceView keys = new(k), values = new(v), means = new(average), sums = new(norms), upstream = new(gradient);
        ReferenceView toKeys = new(dk), toValues = new(dv);
        double[,] w = Spread(bias, seq), dw = new double[seq, seq];
        Fill(dk, 0);
        Fill(dv, 0);
        for (int b = 0; b < k.Shape[0]; b++)
            for (int t = 0; t < average.Shape[1]; t++)
                for (int j = 0; j < (causal ? t + 1 : seq); j++)
                    for (int i = 0; i < k.Shape[2]; i++)
                    {
                        double weight = Math.Exp(keys.At(b, j, i) + w[t, j] - sums.At(b, t, 0, i)) / sums.At(b, t, 1, i) * upstream.At(b, t, i);
                        toValues.At(b, j, i) += weight;
                        toKeys.At(b, j, i) += weight * (values.At(b, j, i) - means.At(b, t, i));
                        dw[t, j] += weight * (values.At(b, j, i) - means.At(b, t, i));
                    }
        Collect(bias, dw, dBias);
    }

    /// <summary>w[t, t'] for all t and t' below <paramref name="seq"/>.</summary>
    private static double[,] Spread(in PositionBias bias, int seq)
    {
        double[,] w = new double[seq, seq];
        if (bias.Left is null) return w;
        ReferenceView left = new(bias.Left);
        for (int t = 0; t < seq; t++)
            for (int j = 0; j < seq; j++)
            {
                if (bias.Window > 0 && Math.Abs(t - j) >= bias.Window) continue;
                if (bias.Right is null) w[t, j] = bias.Window > 0 ? left.At(t, j - t + bias.Window - 1) : left.At(t, j);
                else for (int r = 0; r < bias.Right.Shape[1]; r++) w[t, j] += left.At(t, r) * new ReferenceView(bias.Right).At(j, r);
            }
        return w;
    }

    private static void Collect(in PositionBias bias, double[,] dw, in PositionBias dBias)
    {
        for (int t = 0; t < dw.GetLength(0); t++)
            for (int j = 0; j < dw.GetLength(0); j++)
            {
                if (bias.Window > 0 && Math.Abs(t - j) >= bias.Window) continue;
                if (bias.Right is null)
                {
                    if (dBias.Left is not null) new ReferenceView(dBias.Left).At(t, bias.Window > 0 ? j - t + bias.Window - 1 : j) += dw[t, j];
                    continue;
                }
                for (int r = 0; r < bias.Right.Shape[1]; r++)
                {
                    if (dBias.Left is not null) new ReferenceView(dBias.Left).At(t, r) += dw[t, j] * new ReferenceView(bias.Right).At(j, r);
                    if (dBias.Right is not null) new ReferenceView(dBias.Right).At(j, r) += dw[t, j] * new ReferenceView(bias.Left!).At(t, r);
                }
            }
    }
}
