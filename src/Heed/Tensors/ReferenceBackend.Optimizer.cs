using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Loss, dropout and the optimizer's step. All tensors are contiguous.</content>
internal sealed partial class ReferenceBackend
{
    public void Dropout(Tensor x, float rate, ulong seed, Tensor destination)
    {
        int size = x.Shape[^1];
        for (int r = 0; r < RowsOf(x); r++)
        {
            uint key = DropoutStream.RowKey(seed, (ulong)r);
            for (int i = 0; i < size; i++)
            {
                bool kept = DropoutStream.Draw(key, (uint)i) >= DropoutStream.Threshold(rate);
                Row(destination, r, size)[i] = kept ? Row(x, r, size)[i] / (1 - (double)rate) : 0;
            }
        }
    }

    public double CrossEntropy(Tensor logits, ReadOnlySpan<int> targets, int ignoreIndex, float softCap, double gradientScale, Tensor? gradient)
    {
        int classes = logits.Shape[^1];
        double[] capped = new double[classes];
        double total = 0;
        for (int r = 0; r < targets.Length; r++)
        {
            if (targets[r] == ignoreIndex)
            {
                if (gradient is not null) Row(gradient, r, classes).Clear();
                continue;
            }
            double max = double.NegativeInfinity, sum = 0;
            for (int i = 0; i < classes; i++)
            {
                double z = Row(logits, r, classes)[i];
                capped[i] = softCap > 0 ? softCap * Math.Tanh(z / softCap) : z;
                max = Math.Max(max, capped[i]);
            }
            for (int i = 0; i < classes; i++) sum += Math.Exp(capped[i] - max);
            total += Math.Log(sum) + max - capped[targets[r]];
            if (gradient is null) continue;
            for (int i = 0; i < classes; i++)
            {
                double slope = softCap > 0 ? 1 - capped[i] / softCap * (capped[i] / softCap) : 1;
                double onehot = i == targets[r] ? 1 : 0;
                Row(gradient, r, classes)[i] = (Math.Exp(capped[i] - max) / sum - onehot) * gradientScale * slope;
            }
        }
        return total;
    }

    public double SquaredNorm(Tensor x)
    {
        double sum = 0;
        foreach (double value in All(x)) sum += value * value;
        return sum;
    }

    public void AdamW(Tensor parameter, Tensor gradient, Tensor firstMoment, Tensor secondMoment, in AdamWStep step)
    {
        Span<double> p = All(parameter), m = All(firstMoment), v = All(secondMoment);
        ReadOnlySpan<double> g = All(gradient);
        for (int i = 0; i < p.Length; i++)
        {
            double slope = g[i] * step.GradientScale;
            m[i] = step.ExactBeta1 * m[i] + (1 - step.ExactBeta1) * slope;
            v[i] = step.ExactBeta2 * v[i] + (1 - step.ExactBeta2) * slope * slope;
            double root = Math.Sqrt(v[i] / step.Correction2) + step.Epsilon;
            p[i] = p[i] * (1 - (double)step.LearningRate * step.WeightDecay) - step.LearningRate * (m[i] / step.Correction1) / root;
            if (step.RoundingSeed != 0) p[i] = Kernels.AdamW.RoundStochastic((float)p[i], DropoutStream.Draw(step.RoundingKey, (uint)i));
        }
    }
}
