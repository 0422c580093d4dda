using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>Sixteen lanes in two 256-bit registers.</summary>
internal readonly struct Pair256(Vector256<float> low, Vector256<float> high)
{
    public readonly Vector256<float> Low = low;
    public readonly Vector256<float> High = high;
}
