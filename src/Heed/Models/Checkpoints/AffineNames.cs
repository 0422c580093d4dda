namespace Heed.Models.Checkpoints;

/// <summary>What stands behind the name of a matrix of affine numbers, in Heed's own format, for the tensors that belong to it.</summary>
internal static class AffineNames
{
    public const string Scale = ".scale", ZeroPoint = ".zero_point";
}
