namespace Heed.Nn;

/// <summary>How the sines and cosines of a sinusoidal position vector lie.</summary>
public enum SinusoidalLayout
{
    /// <summary>Sine and cosine in turn, as in Vaswani et al. 2017.</summary>
    Interleaved,

    /// <summary>All sines, then all cosines.</summary>
    Concatenated,
}
