using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Attention of a call's own rows, and its gradients.</content>
internal sealed partial class ReferenceBackend
{
    public void Attention(in HeadRange q, in HeadRange k, in HeadRange v, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts,
        in AttentionOptions options, in AttentionDropout dropout, Tensor destination, Tensor logSumExp, AttentionModifiers? modifiers = null)
    {
        AttentionCall call = new(q, k, limits.ToArray(), firsts.ToArray(), options, modifiers);
        ReferenceView values = HeadsOf(v), sums = new(logSumExp);
        ReferenceView target = new(destination.Reshape(new Shape(q.Batch, q.Seq, q.Count, v.Dim)));
        for (int r = 0; r < limits.Length; r++)
        {
            int batch = r / q.Seq, query = r % q.Seq;
            for (int h = 0; h < q.Count; h++)
            {
                int kvHead = h * k.Count / q.Count;
                double[] scores = FinalScores(call, batch, h, query);
                double lse = LogSumExp(scores, SinkOf(modifiers, h));
                sums.At(batch, h, query) = lse;
                for (int i = 0; i < v.Dim; i++)
                {
                    double result = 0;
                    for (int key = 0; key < scores.Length; key++)
                    {
                        double keep = KeepFactor(dropout, q, batch, h, query, key);
                        if (keep > 0 && !double.IsNegativeInfinity(scores[key])) result += Math.Exp(scores[key] - lse) * keep * values.At(batch, key, kvHead, i);
                    }
                    target.At(batch, query, h, i) = result;
                }
            }
        }
    }

    public void AttentionBackward(in HeadRange q, in HeadRange k, in HeadRange v, Tensor output, Tensor outputGradient, Tensor logSumExp,
        ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts, in AttentionOptions options, in AttentionDropout dropout,
        in HeadRange dq, in HeadRange dk, in HeadRange dv, AttentionModifiers? modifiers = null, AttentionModifiers? gradients = null)
    {
        Clear(dq);
        Clear(dk);
        Clear(dv);
        foreach (Tensor? tensor in (Tensor?[])[gradients?.Distances, gradients?.Bias, gradients?.Sinks])
            if (tensor is not null) Fill(tensor, 0);
        AttentionCall call = new(q, k, limits.ToArray(), firsts.ToArray(), options, modifiers);
        ReferenceView queries = HeadsOf(q), keys = HeadsOf(k), values = HeadsOf(v), toQuery = HeadsOf(dq), toKey = HeadsOf(dk), toValue = HeadsOf(dv);
        Shape shape = new(q.Batch, q.Seq, q.Count, v.Dim);
        ReferenceView outputs = new(output.Reshape(shape)), upstream = new(outputGradient.Reshape(shape)), sums = new(logSumExp);
        for (int r = 0; r < limits.Length; r++)
        {
            int batch = r / q.Seq, query = r % q.Seq;
            for (int h = 0; h < q.Count; h++)
            {
                int kvHead = h * k.Count / q.Count;
                double lse = sums.At(batch, h, query), delta = 0;
                if (double.IsNegativeInfinity(lse)) continue;
                double[] scores = FinalScores(call, batch, h, query);
                for (int i = 0; i < v.Dim; i++) delta += outputs.At(batch, query, h, i) * upstream.At(batch, query, h, i);
                if (gradients?.Sinks is { } sinks) new ReferenceView(sinks)[h] -= Math.Exp(SinkOf(modifiers, h) - lse) * delta;
                for (int key = 0; key < scores.Length; key++)
                {
                    if (double.IsNegativeInfinity(scores[key])) continue;
                    double weight = Math.Exp(scores[key] - lse), keep = KeepFactor(dropout, q, batch, h, query, key), dWeight = 0;
                    for (int i = 0; i < v.Dim && keep > 0; i++)
                    {
                        dWeight += keep * upstream.At(batch, query, h, i) * values.At(batch, key, kvHead, i);
                        toValue.At(batch, key, kvHead, i) += keep * weight * upstream.At(batch, query, h, i);
                    }
                    double dScore = weight * (dWeight - delta);
                    AddToBiases(gradients, q.Seq, batch, h, query, key, dScore);
                    dScore *= options.Scale;
                    if (options.SoftCap > 0) dScore *= 1 - Math.Pow(CappedScore(call, batch, h, query, key) / options.SoftCap, 2);
                    for (int i = 0; i < q.Dim; i++)
                    {
                        toQuery.At(batch, query, h, i) += dScore * keys.At(batch, key, kvHead, i);
                        toKey.At(batch, key, kvHead, i) += dScore * queries.At(batch, query, h, i);
                    }
                }
            }
        }
    }

    public void AttentionWeights(in AttentionCall call, Tensor logSumExp, ReadOnlySpan<(int Batch, int Head, int Query)> rows, Tensor destination)
    {
        ReferenceView target = new(destination);
        for (int row = 0; row < rows.Length; row++)
        {
            double[] weights = Weights(call, logSumExp, rows[row].Batch, rows[row].Head, rows[row].Query);
            for (int key = 0; key < weights.Length; key++) target.At(row, key) = weights[key];
        }
    }

    public void AttentionWeightSums(in AttentionCall call, Tensor logSumExp, Tensor destination)
    {
        Fill(destination, 0);
        ReferenceView target = new(destination);
        for (int batch = 0; batch < call.Q.Batch; batch++)
            for (int head = 0; head < call.Q.Count; head++)
                for (int query = 0; query < call.Q.Seq; query++)
                {
                    double[] weights = Weights(call, logSumExp, batch, head, query);
                    for (int key = 0; key < weights.Length; key++) target.At(batch, head, key) += weights[key];
                }
    }

    private static double[] Weights(in AttentionCall call, Tensor logSumExp, int batch, int head, int query)
    {
        double lse = new ReferenceView(logSumExp).At(batch, head, query);
        return Array.ConvertAll(FinalScores(call, batch, head, query), score => double.IsNegativeInfinity(score) ? 0 : Math.Exp(score - lse));
    }

    /// <summary>An empty tensor has no heads to view, and nobody asks for its elements.</summary>
    private static ReferenceView HeadsOf(in HeadRange x) => x.Rows.ElementCount == 0 ? default : new ReferenceView(x.View());

    private static void Clear(in HeadRange x)
    {
        ReferenceView view = HeadsOf(x);
        for (int i = 0; i < (x.Rows.ElementCount == 0 ? 0 : x.Batch * x.Seq * x.Count * x.Dim); i++)
            view[i] = 0;
    }

    /// <summary>0 where dropped, else what the probability is multiplied by.</summary>
    private static double KeepFactor(in AttentionDropout dropout, in HeadRange q, int batch, int head, int query, int key)
    {
        if (dropout.Rate == 0) return 1;
        ulong row = ((ulong)batch * (ulong)(dropout.Heads == 0 ? q.Count : dropout.Heads) + (ulong)head) * (ulong)q.Seq + (ulong)query;
        bool kept = DropoutStream.Draw(DropoutStream.RowKey(dropout.Seed, row), (uint)key) >= DropoutStream.Threshold(dropout.Rate);
        return kept ? 1 / (1 - (double)dropout.Rate) : 0;
    }
}
