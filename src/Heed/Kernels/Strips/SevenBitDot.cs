using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>Sums of 32 bits with AVX2, for weights up to 127: two products of up to 127 · 127 fit 16 bits.</summary>
internal readonly struct SevenBitDot<TTo, V> : IDotLanes<Pair<Vector256<int>>, Pair<Vector256<byte>>, V>
    where TTo : struct, IFloatPair<V>
{
    public static int MaxTokens => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StartWord(int value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<int>> Start(int word) => new(Vector256.Create(word), Vector256.Create(word));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<int>> Dot(Pair<Vector256<int>> sum, Pair<Vector256<byte>> weights, int x)
    {
        Vector256<sbyte> four = Vector256.Create(x).AsSByte();
        Vector256<short> one = Vector256.Create((short)1);
        return new(
            sum.Low + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(weights.Low, four), one),
            sum.High + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(weights.High, four), one));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ToFloat(Pair<Vector256<int>> sum) => TTo.ToFloat(sum);
}
