namespace Heed.Training.Ranks;

/// <summary>A parameter's gradient in a bucket.</summary>
/// <param name="Parameter">The number of the parameter.</param>
/// <param name="At">The first element in the bucket.</param>
/// <param name="Count">The elements.</param>
internal readonly record struct GradientPiece(int Parameter, int At, int Count);
