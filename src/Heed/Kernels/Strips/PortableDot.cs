using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Sums of 32 bits in 128-bit registers of any kind: each of a row's four weights is cut out of its word and multiplied.</summary>
internal readonly struct PortableDot : IDotLanes<Quad<Vector128<int>>, Quad<Vector128<byte>>, Quad128>
{
    public static int StartWord(int value) => SumBias.Bits + value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<Vector128<int>> Start(int word)
    {
        Vector128<int> four = Vector128.Create(word);
        return new(four, four, four, four);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<Vector128<int>> Dot(Quad<Vector128<int>> sum, Quad<Vector128<byte>> weights, int x) =>
        new(Dot(sum.A, weights.A, x), Dot(sum.B, weights.B, x), Dot(sum.C, weights.C, x), Dot(sum.D, weights.D, x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<Vector128<int>> Product(Quad<Vector128<byte>> weights, int x) => Dot(Start(0), weights, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<Vector128<int>> Add(Quad<Vector128<int>> a, Quad<Vector128<int>> b) => new(a.A + b.A, a.B + b.B, a.C + b.C, a.D + b.D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 Biased(Quad<Vector128<int>> sum) => new(sum.A.AsSingle(), sum.B.AsSingle(), sum.C.AsSingle(), sum.D.AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Dot(Vector128<int> sum, Vector128<byte> weights, int x)
    {
        Vector128<int> words = weights.AsInt32(), mask = Vector128.Create(255);
        sum += (words & mask) * Vector128.Create((int)(sbyte)x);
        sum += ((words >>> 8) & mask) * Vector128.Create((int)(sbyte)(x >> 8));
        sum += ((words >>> 16) & mask) * Vector128.Create((int)(sbyte)(x >> 16));
        return sum + ((words >>> 24) * Vector128.Create(x >> 24));
    }
}
