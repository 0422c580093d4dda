using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <content>A look at the attention inside.</content>
public sealed partial class Transformer
{
    /// <summary>Runs the blocks over one row of tokens and shows each layer's attention to <paramref name="observer"/>.</summary>
    /// <param name="tokens">Token ids, at most as many as the context holds.</param>
    /// <param name="observer">Gets the layer's number and its attention, which it may ask for weights until it returns.</param>
    /// <param name="cancellation">Looked at before each block.</param>
    internal void Observe(ReadOnlySpan<int> tokens, Action<int, AttentionResult> observer, CancellationToken cancellation)
    {
        int seq = CheckSizes(tokens, default, 1);
        using GradientTape.Pause pause = GradientTape.NoGrad();
        using StepScope step = new(TensorScope.Current is null);
        using TensorScope.Lease lease = TensorScope.Begin();
        OwnRows rows = new(1, NextPositions(null, 1, seq, default).ToArray(), default, dropout: 0, seed: null, Config.Bidirectional) { Observer = observer };
        Hidden(tokens, 1, new ForwardPass(rows), recompute: false, _blocks.Length, cancellation);
    }
}
