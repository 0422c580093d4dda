using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Sums of 32 bits in 128-bit registers of any kind: each of a row's four weights is cut out of its word and multiplied.</summary>
internal readonly unsafe struct PortableDot : IDotLanes<Quad<Vector128<int>>, Quad<Vector128<byte>>, Quad128>
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
    public static Quad<Vector128<byte>> Load(byte* source) =>
        new(Vector128.Load(source), Vector128.Load(source + 16), Vector128.Load(source + 32), Vector128.Load(source + 48));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<Vector128<byte>> And(Quad<Vector128<byte>> bytes, byte mask)
    {
        Vector128<byte> all = Vector128.Create(mask);
        return new(bytes.A & all, bytes.B & all, bytes.C & all, bytes.D & all);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<Vector128<byte>> Or(Quad<Vector128<byte>> a, Quad<Vector128<byte>> b) => new(a.A | b.A, a.B | b.B, a.C | b.C, a.D | b.D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<Vector128<byte>> ShiftRight(Quad<Vector128<byte>> bytes, int count) =>
        new((bytes.A.AsUInt16() >>> count).AsByte(), (bytes.B.AsUInt16() >>> count).AsByte(), (bytes.C.AsUInt16() >>> count).AsByte(), (bytes.D.AsUInt16() >>> count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<Vector128<byte>> ShiftLeft(Quad<Vector128<byte>> bytes, int count) =>
        new((bytes.A.AsUInt16() << count).AsByte(), (bytes.B.AsUInt16() << count).AsByte(), (bytes.C.AsUInt16() << count).AsByte(), (bytes.D.AsUInt16() << count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad<Vector128<byte>> Lookup(byte* table, Quad<Vector128<byte>> indices)
    {
        Vector128<byte> sixteen = Vector128.Load(table);
        return new(Vector128.Shuffle(sixteen, indices.A), Vector128.Shuffle(sixteen, indices.B), Vector128.Shuffle(sixteen, indices.C), Vector128.Shuffle(sixteen, indices.D));
    }

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
