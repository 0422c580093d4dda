namespace Heed.Tensors;

/// <content>Attention-free mixing, weight by weight.</content>
internal sealed partial class ReferenceBackend
{
    public void AttentionFree(Tensor k, Tensor v, in PositionBias bias, bool causal, ReadOnlySpan<int> positions, Tensor? state, Tensor destination, Tensor norms)
    {
        if (state is not null)
        {
            AttentionFreeOnwards(k, v, bias, positions, state, destination, norms);
            return;
        }
        int seq = k.Shape[1], rows = destination.Shape[1], skipped = causal ? seq - rows : 0;
        ReferenceView keys = new(k), values = new(v), target = new(destination), sums = new(norms);
        double[,] w = Spread(bias, seq);
        for (int b = 0; b < k.Shape[0]; b++)
            for (int i = 0; i < k.Shape[2]; i++)
            {
                for (int t = 0; t < rows; t++)
                {
                    int end = causal ? skipped + t + 1 : seq;
                    double max = double.NegativeInfinity;
                    for (int j = 0; j < end; j++) max = Math.Max(max, keys.At(b, j, i) + w[skipped + t, j]);
                    double sum = 0, total = 0;
                    for (int j = 0; j < end; j++)
                    {
                        double weight = Math.Exp(keys.At(b, j, i) + w[skipped + t, j] - max);
                        sum += weight * values.At(b, j, i);
                        total += weight;
                    }
                    target.At(b, t, i) = sum / total;
                    sums.At(b, t, 0, i) = max;
                    sums.At(b, t, 1, i) = total;
                }
            }
    }

    /// <summary>Token by token: those within the window's reach one by one, earlier ones as sums.</summary>
    private static void AttentionFreeOnwards(Tensor k, Tensor v, in PositionBias bias, ReadOnlySpan<int> positions, Tensor state, Tensor destination, Tensor norms)
    {
        int seq = k.Shape[1], kept = (state.Shape[1] - 3) / 2, near = bias.IsNone ? 0 : kept + 1;
        ReferenceView keys = new(k), values = new(v), target = new(destination), sums = new(norms), past = new(state);
        for (int b = 0; b < k.Shape[0]; b++)
            for (int i = 0; i < k.Shape[2]; i++)
            {
                (double Max, double Sum, double Total) far = (past.At(b, 2, i) == 0 ? double.NegativeInfinity : past.At(b, 0, i), past.At(b, 1, i), past.At(b, 2, i));
                List<(double Key, double Value)> recent = [];
                for (int t = 0, seen = 0; t < seq; t++)
                {
                    (target.At(b, t, i), sums.At(b, t, 0, i), sums.At(b, t, 1, i)) = (0, 0, 1);
                    int position = positions[b * seq + t];
                    if (position < 0) continue;
                    for (int j = Math.Max(0, kept - position); seen == 0 && j < kept; j++) recent.Add((past.At(b, 3 + j, i), past.At(b, 3 + kept + j, i)));
                    seen++;
                    recent.Add((keys.At(b, t, i), values.At(b, t, i)));
                    while (recent.Count > near) Leave(recent, ref far);
                    (double Max, double Sum, double Total) all = far;
                    for (int j = 0; j < recent.Count; j++)
                        all = With(all, recent[j].Key + new ReferenceView(bias.Left!).At(position, j - recent.Count + bias.Window), recent[j].Value);
                    (target.At(b, t, i), sums.At(b, t, 0, i), sums.At(b, t, 1, i)) = (all.Sum / all.Total, all.Max, all.Total);
                    while (recent.Count > kept) Leave(recent, ref far);
                }
                if (recent.Count == 0 && kept > 0) continue;
                (past.At(b, 0, i), past.At(b, 1, i), past.At(b, 2, i)) = far;
                for (int j = 1; j <= recent.Count; j++) (past.At(b, 3 + kept - j, i), past.At(b, 3 + 2 * kept - j, i)) = recent[^j];
            }

        static (double Max, double Sum, double Total) With((double Max, double Sum, double Total) sums, double key, double value)
        {
            double max = Math.Max(sums.Max, key), old = sums.Total == 0 ? 0 : Math.Exp(sums.Max - max), fresh = Math.Exp(key - max);
            return (max, sums.Sum * old + fresh * value, sums.Total * old + fresh);
        }

        static void Leave(List<(double Key, double Value)> recent, ref (double Max, double Sum, double Total) far)
        {
            far = With(far, recent[0].Key, recent[0].Value);
            recent.RemoveAt(0);
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
