using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Quantization;

/// <summary>The whole numbers from −<paramref name="half"/> to <paramref name="half"/> − 1.</summary>
internal readonly struct UniformGrid(int half) : IQuantGrid
{
    public float Lowest => -half;

    public float Highest => half - 1;

    public float SearchStep => 0.1f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> Nearest(Vector256<float> values) =>
        Vector256.MinNative(Vector256.MaxNative(Vector256.Round(values), Vector256.Create((float)-half)), Vector256.Create((float)(half - 1)));
}
