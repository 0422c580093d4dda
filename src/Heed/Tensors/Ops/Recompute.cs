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
        RecomputeGradient(GradientTape.Current!, x, function, result);
        return result;
    }

    private static void RecomputeGradient(GradientTape tape, Tensor x, Func<Tensor, Tensor> function, Tensor result)
    {
        GradientNode? node = x.Node;
        SavedTensor saved = tape.Save(x, "Recompute");
        tape.Record(result, gradient =>
        {
            using GradientTape inner = new();
            // A view of its own, so that the gradient of the input ends here and is handed on once.
            Tensor input = saved.Value.Hold();
            input.RequiresGradient = true;
            Tensor again = function(input);
            if (again.Node is null) return;
            inner.Backward(again, gradient);
            if (input.Gradient is { } dx) node?.Add(dx);
            input.Release();
        });
    }
}
