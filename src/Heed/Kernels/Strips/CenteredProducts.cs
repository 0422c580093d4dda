using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>
/// AVX2, for weights that have 128 taken from them: |w|·(x with w's sign), of which two of up to 128 · 127 fit 16 bits. So the sums
/// begin with nothing.
/// </summary>
internal readonly struct CenteredProducts : IWideProducts
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StartWord(int value) => SumBias.Bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sum, Vector256<byte> weights, Vector256<sbyte> x)
    {
        Vector256<sbyte> centered = (weights ^ Vector256.Create((byte)128)).AsSByte();
        return sum + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(Avx2.Abs(centered), Avx2.Sign(x, centered)), Vector256.Create((short)1));
    }
}
