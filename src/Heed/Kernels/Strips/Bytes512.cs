using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>Sixty-four bytes in one 512-bit register.</summary>
internal readonly unsafe struct Bytes512 : IByteLanes<Vector512<byte>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Load(byte* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> And(Vector512<byte> bytes, byte mask) => bytes & Vector512.Create(mask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Or(Vector512<byte> a, Vector512<byte> b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> ShiftRight(Vector512<byte> bytes, int count) => (bytes.AsUInt16() >>> count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> ShiftLeft(Vector512<byte> bytes, int count) => (bytes.AsUInt16() << count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Lookup(byte* table, Vector512<byte> indices)
    {
        Vector128<byte> sixteen = Vector128.Load(table);
        Vector256<byte> twice = Vector256.Create(sixteen, sixteen);
        return Avx512BW.Shuffle(Vector512.Create(twice, twice), indices);
    }
}
