using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Sixteen integers in two registers to the sixteen floats of some instruction set.</summary>
internal interface IFloatPair<V>
{
    static abstract V ToFloat(Pair<Vector256<int>> value);
}
