using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Sums of 32 bits in 128-bit registers of any kind: each of a row's four weights is cut out of its word and multiplied.</summary>
internal readonly struct PortableDot : IDotLanes<Quad<Vector128<int>>, Quad<Vector128<byte>>, Quad128>
{
    public static int MaxTokens => 2;

    public static int StartWord(int value) => value;

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
    public static Quad128 ToFloat(Quad<Vector128<int>> sum) =>
        new(Vector128.ConvertToSingle(sum.A), Vector128.ConvertToSingle(sum.B), Vector128.ConvertToSingle(sum.C), Vector128.ConvertToSingle(sum.D));

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
