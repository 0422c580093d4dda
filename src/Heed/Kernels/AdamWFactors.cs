namespace Heed.Kernels;

/// <summary>The numbers of one AdamW step as its loop needs them.</summary>
/// <param name="GradientScale">Multiplies the gradient.</param>
/// <param name="Decay">1 − lr·weight decay.</param>
/// <param name="Beta1">What is kept of the first moment.</param>
/// <param name="OneMinusBeta1">1 − β1, rounded once.</param>
/// <param name="Beta2">What is kept of the second moment.</param>
/// <param name="OneMinusBeta2">1 − β2, rounded once.</param>
/// <param name="InverseRootCorrection2">1/√(1 − β2^step).</param>
/// <param name="Epsilon">Added to the root of the corrected second moment.</param>
/// <param name="StepSize">lr/(1 − β1^step).</param>
/// <param name="Rounds">Whether parameters are rounded to bfloat16.</param>
/// <param name="RoundingKey">The key of the rounding's draws.</param>
internal readonly record struct AdamWFactors(
    float GradientScale, float Decay, float Beta1, float OneMinusBeta1, float Beta2, float OneMinusBeta2,
    float InverseRootCorrection2, float Epsilon, float StepSize, bool Rounds, uint RoundingKey);
