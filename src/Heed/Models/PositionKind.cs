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

    /// <summary>Not at all: only the causal mask tells order.</summary>
    None,
}
