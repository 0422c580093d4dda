using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Sixty-four bytes in four 128-bit registers of any kind.</summary>
internal readonly unsafe struct Bytes128 : IByteLanes<Quad<Vector128<byte>>>
{
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
}
