using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>AVX2, for weights up to 255: their upper bit goes alone, since two products of 255 · 127 overflow 16 bits.</summary>
internal readonly struct EightBitProducts : IWideProducts
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StartWord(int value) => SumBias.Bits + value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sum, Vector256<byte> weights, Vector256<sbyte> x)
    {
        Vector256<short> one = Vector256.Create((short)1);
        Vector256<short> low = Avx2.MultiplyAddAdjacent(weights & Vector256.Create((byte)127), x);
        Vector256<short> high = Avx2.MultiplyAddAdjacent(weights & Vector256.Create((byte)128), x);
        return sum + Avx2.MultiplyAddAdjacent(low, one) + Avx2.MultiplyAddAdjacent(high, one);
    }
}
