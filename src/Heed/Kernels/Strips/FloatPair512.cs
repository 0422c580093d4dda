using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Two 256-bit registers to one of 512.</summary>
internal readonly struct FloatPair512 : IFloatPair<Vector512<float>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Join(Vector256<float> low, Vector256<float> high) => Vector512.Create(low, high);
}
