using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary><see cref="NarrowDot256"/> with AVX-512.</summary>
internal readonly unsafe struct NarrowDot512 : IDotLanes<Vector512<short>, Vector512<byte>, Vector512<float>>
{
    public static int MaxTokens => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StartWord(int value) => NarrowDot256.StartWord(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Start(int word) => Vector512.Create(word).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Dot(Vector512<short> sum, Vector512<byte> weights, int x) =>
        sum + Avx512BW.MultiplyAddAdjacent(weights, Vector512.Create(x).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToFloat(Vector512<short> sum) => Vector512.ConvertToSingle(Avx512BW.MultiplyAddAdjacent(sum, Vector512.Create((short)1)));

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
