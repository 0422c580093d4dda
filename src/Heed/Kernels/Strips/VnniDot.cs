using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>Sums of 32 bits with AVX-VNNI.</summary>
internal readonly struct VnniDot<TTo, V> : IDotLanes<Pair<Vector256<int>>, Pair<Vector256<byte>>, V>
    where TTo : struct, IFloatPair<V>
{
    public static int MaxTokens => 6;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StartWord(int value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<int>> Start(int word) => new(Vector256.Create(word), Vector256.Create(word));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<int>> Dot(Pair<Vector256<int>> sum, Pair<Vector256<byte>> weights, int x)
    {
        Vector256<sbyte> four = Vector256.Create(x).AsSByte();
        return new(AvxVnni.MultiplyWideningAndAdd(sum.Low, weights.Low, four), AvxVnni.MultiplyWideningAndAdd(sum.High, weights.High, four));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ToFloat(Pair<Vector256<int>> sum) => TTo.ToFloat(sum);
}
