namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// <paramref name="function"/>(x) without keeping anything of its inside: the backward pass computes it a second time
    /// (activation checkpointing, Chen et al. 2016, arXiv 1604.06174). The function must give the same bits both times; the
    /// parameters that it uses get their gradients as ever.
    /// </summary>
    /// <param name="x">The input.</param>
    /// <param name="function">What to compute of it.</param>
    public static Tensor Recompute(Tensor x, Func<Tensor, Tensor> function)
    {
        if (!GradientTape.IsRecording) return function(x);
        Tensor result;
        using (GradientTape.NoGrad()) result = function(x);
        // A function that hands on what it was given computes nothing.
        if (ReferenceEquals(result, x) || result.Node is not null) return result;
        RecomputeGradient(GradientTape.Current!, x, function, result);
        return result;
    }

    private static void RecomputeGradient(GradientTape tape, Tensor x, Func<Tensor, Tensor> function, Tensor result)
    {
        GradientNode? node = x.Node;
        SavedTensor saved = tape.Save(x, "Recompute");
        tape.Record(result, gradient =>
        {
            // The second pass's input leads to the first one's node, so that its gradient arrives there.
            Tensor input = saved.Value.Hold();
            try
            {
                input.Node = node;
                using GradientTape inner = new();
                Tensor again = function(input);
                if (again.Node is not null) inner.Backward(again, gradient);
            }
            finally
            {
                input.Release();
            }
        });
    }
}
