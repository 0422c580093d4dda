using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>Sums of 32 bits with AVX2, for weights up to 255: their upper bit goes alone, since two products of 255 · 127 overflow 16 bits.</summary>
internal readonly struct EightBitDot<TTo, V> : IDotLanes<Pair<Vector256<int>>, Pair<Vector256<byte>>, V>
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
        return new(Add(sum.Low, weights.Low, four), Add(sum.High, weights.High, four));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ToFloat(Pair<Vector256<int>> sum) => TTo.ToFloat(sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Add(Vector256<int> sum, Vector256<byte> weights, Vector256<sbyte> x)
    {
        Vector256<short> one = Vector256.Create((short)1);
        Vector256<short> low = Avx2.MultiplyAddAdjacent(weights & Vector256.Create((byte)127), x);
        Vector256<short> high = Avx2.MultiplyAddAdjacent(weights & Vector256.Create((byte)128), x);
        return sum + Avx2.MultiplyAddAdjacent(low, one) + Avx2.MultiplyAddAdjacent(high, one);
    }
}
