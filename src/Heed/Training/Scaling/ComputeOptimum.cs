namespace Heed.Training.Scaling;

/// <summary>How to spend an amount of compute: the size and the tokens that give the lowest loss.</summary>
/// <param name="Flops">C = 6·N·D.</param>
/// <param name="Parameters">N.</param>
/// <param name="Tokens">D.</param>
/// <param name="Loss">The loss that the law predicts there.</param>
public readonly record struct ComputeOptimum(double Flops, double Parameters, double Tokens, double Loss);
