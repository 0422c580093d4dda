namespace Heed.Kernels;

/// <summary>The activation functions that the kernels know.</summary>
internal enum ActivationKind
{
    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x * sigmoid(x).</summary>
    Silu,

    /// <summary>x * sigmoid(beta * x).</summary>
    Swish,

    /// <summary>x * Phi(x) with the error function.</summary>
    Gelu,

    /// <summary>x * Phi(x) with the tanh approximation.</summary>
    GeluTanh,

    /// <summary>1 / (1 + e^-x).</summary>
    Sigmoid,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,
}
