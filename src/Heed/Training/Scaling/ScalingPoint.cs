namespace Heed.Training.Scaling;

/// <summary>What one training gave.</summary>
/// <param name="Parameters">N, the model's parameters.</param>
/// <param name="Tokens">D, the tokens that it was trained on.</param>
/// <param name="Loss">L, in nats per token, of text that it was not trained on.</param>
public readonly record struct ScalingPoint(double Parameters, double Tokens, double Loss)
{
    /// <summary>C = 6·N·D, the floating-point operations of training (Kaplan et al. 2020, arXiv 2001.08361, section 2.1).</summary>
    public double Flops => 6 * Parameters * Tokens;
}
