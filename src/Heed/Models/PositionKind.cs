namespace Heed.Models;

/// <summary>How a model tells positions apart.</summary>
public enum PositionKind
{
    /// <summary>Queries and keys are rotated.</summary>
    Rotary,

    /// <summary>A learned vector per position is added to the embedding.</summary>
    Learned,

    /// <summary>A fixed vector of sines and cosines per position is added to the embedding.</summary>
    Sinusoidal,

    /// <summary>Attention's scores get biases that fall with the distance, a slope for each head (Press et al. 2021, arXiv 2108.12409).</summary>
    Alibi,

    /// <summary>Attention's scores get learned biases by the distance (T5, Raffel et al. 2020, arXiv 1910.10683).</summary>
    Relative,

    /// <summary>Not at all: only the causal mask tells order.</summary>
    None,
}
