using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Two 256-bit registers stay two.</summary>
internal readonly struct FloatPair256 : IFloatPair<Pair256>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Join(Vector256<float> low, Vector256<float> high) => new(low, high);
}
