using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>Sixteen lanes in four 128-bit registers.</summary>
internal readonly struct Quad128(Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d)
{
    public readonly Vector128<float> A = a;
    public readonly Vector128<float> B = b;
    public readonly Vector128<float> C = c;
    public readonly Vector128<float> D = d;
}
