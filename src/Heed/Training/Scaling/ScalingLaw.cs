namespace Heed.Training.Scaling;

/// <summary>
/// How loss falls with size and data: L(N, D) = E + A/N^α + B/D^β (Hoffmann et al. 2022, arXiv 2203.15556, equation 2).
/// </summary>
/// <param name="E">What no model goes below: the entropy of the text.</param>
/// <param name="A">How much a model's size costs, at N = 1.</param>
/// <param name="Alpha">α, the exponent of size.</param>
/// <param name="B">How much little data costs, at D = 1.</param>
/// <param name="Beta">β, the exponent of data.</param>
public readonly record struct ScalingLaw(double E, double A, double Alpha, double B, double Beta)
{
    /// <summary>a = β/(α + β): the best size grows as C^a.</summary>
    public double SizeExponent => Beta / (Alpha + Beta);

    /// <summary>b = α/(α + β): the best number of tokens grows as C^b.</summary>
    public double TokensExponent => Alpha / (Alpha + Beta);

    /// <summary>L(N, D), in nats per token.</summary>
    public double Loss(double parameters, double tokens) => E + A * Math.Pow(parameters, -Alpha) + B * Math.Pow(tokens, -Beta);

    /// <summary>
    /// Where L is lowest under C = 6·N·D: N = G·(C/6)^a and D = (C/6)^b/G for G = (αA/βB)^(1/(α + β)) (equation 4 of the paper).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The compute is not above 0.</exception>
    public ComputeOptimum Optimum(double flops)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(flops);
        double product = flops / 6;
        // By logarithms: A and B overflow together with their powers where the exponents are large.
        double parameters = Math.Exp((Math.Log(Alpha) + Math.Log(A) - Math.Log(Beta) - Math.Log(B)) / (Alpha + Beta) + SizeExponent * Math.Log(product));
        double tokens = product / parameters;
        return new ComputeOptimum(flops, parameters, tokens, Loss(parameters, tokens));
    }
}
