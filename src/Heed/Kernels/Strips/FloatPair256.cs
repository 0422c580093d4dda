using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Two 256-bit registers stay two.</summary>
internal readonly struct FloatPair256 : IFloatPair<Pair256>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 ToFloat(Pair<Vector256<int>> value) => new(Vector256.ConvertToSingle(value.Low), Vector256.ConvertToSingle(value.High));
}
