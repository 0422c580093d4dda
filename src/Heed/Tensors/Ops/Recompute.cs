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
    public static Tensor Recompute(Tensor x, Func<Tensor, Tensor> function) => Recompute(x, null, (input, _) => function(input));

    /// <summary>As <see cref="Recompute(Tensor, Func{Tensor, Tensor})"/>, for a function of two tensors, both of which get their gradients; the second may be absent.</summary>
    internal static Tensor Recompute(Tensor x, Tensor? second, Func<Tensor, Tensor?, Tensor> function)
    {
        if (!GradientTape.IsRecording) return function(x, second);
        Tensor result;
        using (GradientTape.NoGrad()) result = function(x, second);
        // A function that hands on what it was given computes nothing.
        if (ReferenceEquals(result, x) || result.Node is not null) return result;
        RecomputeGradient(GradientTape.Current!, x, second, function, result);
        return result;
    }

    private static void RecomputeGradient(GradientTape tape, Tensor x, Tensor? second, Func<Tensor, Tensor?, Tensor> function, Tensor result)
    {
        GradientNode? node = x.Node, secondNode = second?.Node;
        SavedTensor saved = tape.Save(x, "Recompute");
        SavedTensor? savedSecond = second is null ? null : tape.Save(second, "Recompute");
        tape.Record(result, gradient =>
        {
            // The second pass's inputs lead to the first one's nodes, so that their gradients arrive there.
            Tensor input = saved.Value.Hold();
            Tensor? secondInput = savedSecond?.Value.Hold();
            try
            {
                input.Node = node;
                if (secondInput is not null) secondInput.Node = secondNode;
                using GradientTape inner = new();
                Tensor again = function(input, secondInput);
                if (again.Node is not null) inner.Backward(again, gradient);
            }
            finally
            {
                secondInput?.Release();
                input.Release();
            }
        });
    }
}
