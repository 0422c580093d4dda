namespace Heed.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe partial class CrossEntropy
{
    public static double RowScalar(ReadOnlySpan<float> logits, int target, float cap, double scale, Span<float> gradient)
    {
        Span<float> lanes = stackalloc float[16];
        float max = float.NegativeInfinity;
        foreach (float logit in logits) max = MathF.Max(max, Capped(logit, cap));
        float chosen = Capped(logits[target], cap);
        double sum = 0;
        for (int start = 0; start < logits.Length; start += Block)
        {
            lanes.Clear();
            int end = Math.Min(logits.Length, start + Block);
            for (int i = start; i < end; i++) lanes[i % 16] += VectorMath.Exp(Capped(logits[i], cap) - max);
            sum += VectorMath.SumLanes(lanes);
        }

        float factor = (float)(scale / sum);
        for (int i = 0; i < gradient.Length; i++)
        {
            float tanh = cap > 0f ? VectorMath.Tanh(logits[i] / cap) : 0f;
            float p = VectorMath.Exp(Capped(logits[i], cap) - max) * factor;
            gradient[i] = cap > 0f ? p * (1f - (tanh * tanh)) : p;
        }

        if (!gradient.IsEmpty) gradient[target] = AtTarget(chosen, max, sum, cap, scale);
        return Math.Log(sum) + ((double)max - chosen);
    }

    private static float Capped(float logit, float cap) => cap > 0f ? VectorMath.Tanh(logit / cap) * cap : logit;
}
