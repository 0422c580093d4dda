namespace Heed.Tensors;

/// <summary>The non-linear function of a feed-forward layer.</summary>
public enum Activation
{
    /// <summary>SiLU, x·σ(x): Swish with β = 1 (Ramachandran et al. 2017, arXiv 1710.05941).</summary>
    Silu,

    /// <summary>GELU in its tanh form, ½x(1 + tanh(√(2/π)(x + 0.044715x³))) (Hendrycks and Gimpel 2016, arXiv 1606.08415).</summary>
    GeluTanh,

    /// <summary>GELU exactly, ½x(1 + erf(x/√2)).</summary>
    GeluErf,

    /// <summary>max(0, x).</summary>
    Relu,

    /// <summary>Swish, x·σ(βx), with a β of its own: 1 is <see cref="Silu"/>, 0 is x/2, and a great one nears <see cref="Relu"/> (Ramachandran et al. 2017).</summary>
    Swish,

    /// <summary>σ(x) = 1/(1 + e⁻ˣ); as a gate it makes the GLU of Dauphin et al. 2016, arXiv 1612.08083.</summary>
    Sigmoid,
}
