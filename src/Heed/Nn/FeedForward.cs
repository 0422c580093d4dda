using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// The feed-forward part of a block: gated, down(act(gate(x))·up(x)) as in SwiGLU, GeGLU, ReGLU and GLU (Shazeer 2020,
/// arXiv 2002.05202), or plain, down(act(up(x))) (Vaswani et al. 2017).
/// </summary>
/// <param name="up">hidden → 2·intermediate, rows [gate | up], if gated; hidden → intermediate if plain.</param>
/// <param name="down">intermediate → hidden.</param>
/// <param name="activation">The non-linear function.</param>
/// <param name="gated">Whether half of <paramref name="up"/> is the gate.</param>
/// <param name="beta">Swish's β.</param>
public sealed class FeedForward(Linear up, Linear down, Activation activation, bool gated, float beta = 1)
{
    /// <summary>The first layer, with the gate's rows before the others if there is a gate.</summary>
    public Linear Up { get; } = up;

    /// <summary>The second layer.</summary>
    public Linear Down { get; } = down;

    /// <summary>The inner activations, [batch, seq, intermediate]; <see cref="Down"/> is still to be applied.</summary>
    /// <param name="x">[batch, seq, hidden].</param>
    /// <param name="dropoutSeed">What <see cref="Up"/> drops of its input in training; null for nothing.</param>
    public Tensor Inner(Tensor x, ulong? dropoutSeed = null)
    {
        Tensor h = Up.Forward(x, dropoutSeed);
        return gated ? Ops.Gated(h, activation, beta) : Ops.Activate(h, activation, beta);
    }
}
