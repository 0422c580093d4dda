using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Attention of a call's own rows, and its gradients.</content>
internal sealed partial class ReferenceBackend
{
    public void Attention(in HeadRange q, in HeadRange k, in HeadRange v, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts,
        in AttentionOptions options, in AttentionDropout dropout, Tensor destination, Tensor logSumExp)
    {
        ReferenceView values = HeadsOf(v), sums = new(logSumExp);
        ReferenceView target = new(destination.Reshape(new Shape(q.Batch, q.Seq, q.Count, v.Dim)));
        for (int r = 0; r < limits.Length; r++)
        {
            int batch = r / q.Seq, query = r % q.Seq, first = FirstKey(limits, firsts, options, r);
            for (int h = 0; h < q.Count; h++)
            {
                int kvHead = h * k.Count / q.Count;
                double[] scores = Scores(q, k, batch, query, h, first, limits[r], options);
                double max = scores.Length == 0 ? 0 : scores.Max(), sum = 0;
                foreach (double score in scores) sum += Math.Exp(score - max);
                sums.At(batch, h, query) = scores.Length == 0 ? double.NegativeInfinity : max + Math.Log(sum);
                for (int i = 0; i < v.Dim; i++)
                {
                    double result = 0;
                    for (int j = 0; j < scores.Length; j++)
                    {
                        double keep = KeepFactor(dropout, q, batch, h, query, first + j);
                        if (keep > 0) result += Math.Exp(scores[j] - max) / sum * keep * values.At(batch, first + j, kvHead, i);
                    }
                    target.At(batch, query, h, i) = result;
                }
            }
        }
    }

    public void AttentionBackward(in HeadRange q, in HeadRange k, in HeadRange v, Tensor output, Tensor outputGradient, Tensor logSumExp,
        ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts, in AttentionOptions options, in AttentionDropout dropout,
        in HeadRange dq, in HeadRange dk, in HeadRange dv)
    {
        Clear(dq);
        Clear(dk);
        Clear(dv);
        ReferenceView queries = HeadsOf(q), keys = HeadsOf(k), values = HeadsOf(v), toQuery = HeadsOf(dq), toKey = HeadsOf(dk), toValue = HeadsOf(dv);
        Shape shape = new(q.Batch, q.Seq, q.Count, v.Dim);
        ReferenceView outputs = new(output.Reshape(shape)), gradients = new(outputGradient.Reshape(shape)), sums = new(logSumExp);
        for (int r = 0; r < limits.Length; r++)
        {
            int batch = r / q.Seq, query = r % q.Seq, first = FirstKey(limits, firsts, options, r);
            for (int h = 0; h < q.Count; h++)
            {
                int kvHead = h * k.Count / q.Count;
                double[] scores = Scores(q, k, batch, query, h, first, limits[r], options);
                double delta = 0;
                for (int i = 0; i < v.Dim; i++) delta += outputs.At(batch, query, h, i) * gradients.At(batch, query, h, i);
                for (int j = 0; j < scores.Length; j++)
                {
                    int key = first + j;
                    double weight = Math.Exp(scores[j] - sums.At(batch, h, query)), keep = KeepFactor(dropout, q, batch, h, query, key), dWeight = 0;
                    for (int i = 0; i < v.Dim && keep > 0; i++)
                    {
                        dWeight += keep * gradients.At(batch, query, h, i) * values.At(batch, key, kvHead, i);
                        toValue.At(batch, key, kvHead, i) += keep * weight * gradients.At(batch, query, h, i);
                    }
                    double dScore = weight * (dWeight - delta) * options.Scale;
                    if (options.SoftCap > 0) dScore *= 1 - Math.Pow(scores[j] / options.SoftCap, 2);
                    for (int i = 0; i < q.Dim; i++)
                    {
                        toQuery.At(batch, query, h, i) += dScore * keys.At(batch, key, kvHead, i);
                        toKey.At(batch, key, kvHead, i) += dScore * queries.At(batch, query, h, i);
                    }
                }
            }
        }
    }

    /// <summary>An empty tensor has no heads to view, and nobody asks for its elements.</summary>
    private static ReferenceView HeadsOf(in HeadRange x) => x.Rows.ElementCount == 0 ? default : new ReferenceView(x.View());

    private static void Clear(in HeadRange x)
    {
        ReferenceView view = HeadsOf(x);
        for (int i = 0; i < (x.Rows.ElementCount == 0 ? 0 : x.Batch * x.Seq * x.Count * x.Dim); i++)
            view[i] = 0;
    }

    private static int FirstKey(ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts, in AttentionOptions options, int row)
    {
        int first = firsts.IsEmpty ? 0 : Math.Max(0, firsts[row]);
        return options.Window > 0 ? Math.Max(first, limits[row] - options.Window + 1) : first;
    }

    /// <summary>The scaled and capped scores of keys first … limit.</summary>
    private static double[] Scores(in HeadRange q, in HeadRange k, int batch, int query, int head, int first, int limit, in AttentionOptions options)
    {
        ReferenceView queries = HeadsOf(q), keys = HeadsOf(k);
        double[] scores = new double[Math.Max(0, limit - first + 1)];
        for (int j = 0; j < scores.Length; j++)
        {
            double dot = 0;
            for (int i = 0; i < q.Dim; i++) dot += queries.At(batch, query, head, i) * keys.At(batch, first + j, head * k.Count / q.Count, i);
            double score = dot * options.Scale;
            scores[j] = options.SoftCap > 0 ? options.SoftCap * Math.Tanh(score / options.SoftCap) : score;
        }
        return scores;
    }

    /// <summary>0 where dropped, else what the probability is multiplied by.</summary>
    private static double KeepFactor(in AttentionDropout dropout, in HeadRange q, int batch, int head, int query, int key)
    {
        if (dropout.Rate == 0) return 1;
        ulong row = ((ulong)batch * (ulong)q.Count + (ulong)head) * (ulong)q.Seq + (ulong)query;
        bool kept = DropoutStream.Draw(DropoutStream.RowKey(dropout.Seed, row), (uint)key) >= DropoutStream.Threshold(dropout.Rate);
        return kept ? 1 / (1 - (double)dropout.Rate) : 0;
    }
}
