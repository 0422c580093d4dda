using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Sums of 32 bits in two registers of 256.</summary>
internal readonly struct WideDot<TProducts> : IDotLanes<Pair<Vector256<int>>, Pair<Vector256<byte>>, Pair256>
    where TProducts : struct, IWideProducts
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StartWord(int value) => TProducts.StartWord(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<int>> Start(int word) => new(Vector256.Create(word), Vector256.Create(word));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<int>> Dot(Pair<Vector256<int>> sum, Pair<Vector256<byte>> weights, int x)
    {
        Vector256<sbyte> four = Vector256.Create(x).AsSByte();
        return new(TProducts.Add(sum.Low, weights.Low, four), TProducts.Add(sum.High, weights.High, four));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<int>> Product(Pair<Vector256<byte>> weights, int x) => Dot(Start(0), weights, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<int>> Add(Pair<Vector256<int>> a, Pair<Vector256<int>> b) => new(a.Low + b.Low, a.High + b.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Biased(Pair<Vector256<int>> sum) => new(sum.Low.AsSingle(), sum.High.AsSingle());
}
