namespace Heed.Kernels.Strips;

/// <summary>What a product of a strip matrix is made of; see <see cref="MatMul.Packed"/> for the meaning of each.</summary>
internal readonly unsafe struct StripOperands(StripMatrix weights, int m, float* x, nint ldx, float* bias, float* y, nint ldy, bool accumulate)
{
    public readonly StripMatrix Weights = weights;
    public readonly int M = m;
    public readonly float* X = x;
    public readonly nint Ldx = ldx;
    public readonly float* Bias = bias;
    public readonly float* Y = y;
    public readonly nint Ldy = ldy;
    public readonly bool Accumulate = accumulate;
}
