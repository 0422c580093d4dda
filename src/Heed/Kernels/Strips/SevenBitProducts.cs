using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>AVX2, for weights up to 127: two products of up to 127 · 127 fit 16 bits.</summary>
internal readonly struct SevenBitProducts : IWideProducts
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StartWord(int value) => SumBias.Bits + value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sum, Vector256<byte> weights, Vector256<sbyte> x) =>
        sum + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(weights, x), Vector256.Create((short)1));
}
