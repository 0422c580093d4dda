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
    public static int MaxTokens => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StartWord(int value) => (value / 2 & 0xFFFF) | (value / 2 << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<short>> Start(int word) => new(Vector256.Create(word).AsInt16(), Vector256.Create(word).AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<short>> Dot(Pair<Vector256<short>> sum, Pair<Vector256<byte>> weights, int x)
    {
        Vector256<sbyte> four = Vector256.Create(x).AsSByte();
        return new(sum.Low + Avx2.MultiplyAddAdjacent(weights.Low, four), sum.High + Avx2.MultiplyAddAdjacent(weights.High, four));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 ToFloat(Pair<Vector256<short>> sum) => new(ToFloat(sum.Low), ToFloat(sum.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> ToFloat(Vector256<short> sum) => Vector256.ConvertToSingle(Avx2.MultiplyAddAdjacent(sum, Vector256.Create((short)1)));
}
