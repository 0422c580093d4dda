namespace Heed.Tensors;

/// <summary>
/// The numbers of one step of AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101): p shrinks by 1 − lr·decay, then moves by
/// lr·m̂/(√v̂ + ε) with bias-corrected moments.
/// </summary>
/// <param name="LearningRate">lr.</param>
/// <param name="Beta1">The decay of the first moment, in [0, 1); taken as the decimal number that it is written as.</param>
/// <param name="Beta2">The decay of the second moment, alike.</param>
/// <param name="Epsilon">ε, outside the root.</param>
/// <param name="WeightDecay">The decay, decoupled from the gradient.</param>
/// <param name="Step">The number of this step: 1 for the first.</param>
/// <param name="GradientScale">Multiplies the gradient: clipping, and the mean over accumulated batches.</param>
/// <param name="RoundingSeed">
/// 0 keeps float32; else the new parameter is rounded to bfloat16 precision, up with the probability that keeps the mean,
/// by draws of (seed, step, element). Give each parameter a seed of its own.
/// </param>
/// <param name="FirstElement">The element of the parameter that the tensors begin with, where they are a piece of it.</param>
internal readonly record struct AdamWStep(
    float LearningRate, float Beta1, float Beta2, float Epsilon, float WeightDecay, long Step, float GradientScale, ulong RoundingSeed,
    int FirstElement = 0)
{
    /// <summary>β1 in double: 0.9f is 0.9, as in PyTorch, whose arithmetic on betas is double.</summary>
    public double ExactBeta1 => (double)(decimal)Beta1;

    /// <summary>β2 in double; 1 − 0.999f would miss 0.001 by 1e-5 of it.</summary>
    public double ExactBeta2 => (double)(decimal)Beta2;

    /// <summary>1 − β1^step.</summary>
    public double Correction1 => 1 - Math.Pow(ExactBeta1, Step);

    /// <summary>1 − β2^step.</summary>
    public double Correction2 => 1 - Math.Pow(ExactBeta2, Step);

    /// <summary>The key of the rounding's draws: a column begins where the piece does.</summary>
    public uint RoundingKey => Kernels.DropoutStream.RowKey(RoundingSeed, (ulong)Step) + (uint)FirstElement * Kernels.DropoutStream.GoldenRatio;
}
