using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Sixteen floats of two registers in those of some instruction set.</summary>
internal interface IFloatPair<V>
{
    static abstract V Join(Vector256<float> low, Vector256<float> high);
}
