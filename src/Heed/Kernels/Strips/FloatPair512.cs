using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Two 256-bit registers to one of 512.</summary>
internal readonly struct FloatPair512 : IFloatPair<Vector512<float>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToFloat(Pair<Vector256<int>> value) => Vector512.ConvertToSingle(Vector512.Create(value.Low, value.High));
}
