using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>Sixty-four bytes in two 256-bit registers: rows 0 to 7 and 8 to 15.</summary>
internal readonly unsafe struct Bytes256 : IByteLanes<Pair<Vector256<byte>>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<byte>> Load(byte* source) => new(Vector256.Load(source), Vector256.Load(source + 32));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<byte>> And(Pair<Vector256<byte>> bytes, byte mask) => new(bytes.Low & Vector256.Create(mask), bytes.High & Vector256.Create(mask));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<byte>> Or(Pair<Vector256<byte>> a, Pair<Vector256<byte>> b) => new(a.Low | b.Low, a.High | b.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<byte>> ShiftRight(Pair<Vector256<byte>> bytes, int count) =>
        new((bytes.Low.AsUInt16() >>> count).AsByte(), (bytes.High.AsUInt16() >>> count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<byte>> ShiftLeft(Pair<Vector256<byte>> bytes, int count) =>
        new((bytes.Low.AsUInt16() << count).AsByte(), (bytes.High.AsUInt16() << count).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<Vector256<byte>> Lookup(byte* table, Pair<Vector256<byte>> indices)
    {
        Vector128<byte> sixteen = Vector128.Load(table);
        Vector256<byte> twice = Vector256.Create(sixteen, sixteen);
        return new(Avx2.Shuffle(twice, indices.Low), Avx2.Shuffle(twice, indices.High));
    }
}
