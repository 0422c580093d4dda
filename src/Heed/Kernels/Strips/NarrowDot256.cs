using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>
/// Sums of 16 bits with AVX2, two for a row, for weights up to 15: over 32 of them a sum stays within ±30480, also where it begins
/// with -4 times the sum of x.
/// </summary>
internal readonly struct NarrowDot256 : IDotLanes<Pair<Vector256<short>>, Pair<Vector256<byte>>, Pair256>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StartWord(int value) => (value / 2 & 0xFFFF) | (value / 2 << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<short>> Start(int word) => new(Vector256.Create(word).AsInt16(), Vector256.Create(word).AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<short>> Dot(Pair<Vector256<short>> sum, Pair<Vector256<byte>> weights, int x) => Add(sum, Product(weights, x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<short>> Product(Pair<Vector256<byte>> weights, int x)
    {
        Vector256<sbyte> four = Vector256.Create(x).AsSByte();
        return new(Avx2.MultiplyAddAdjacent(weights.Low, four), Avx2.MultiplyAddAdjacent(weights.High, four));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<short>> Add(Pair<Vector256<short>> a, Pair<Vector256<short>> b) => new(a.Low + b.Low, a.High + b.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Biased(Pair<Vector256<short>> sum) => new(Biased(sum.Low), Biased(sum.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Biased(Vector256<short> sum) =>
        (Avx2.MultiplyAddAdjacent(sum, Vector256.Create((short)1)) + Vector256.Create(SumBias.Bits)).AsSingle();
}
