using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary><see cref="NarrowDot256"/> with AVX-512.</summary>
internal readonly struct NarrowDot512 : IDotLanes<Vector512<short>, Vector512<byte>, Vector512<float>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StartWord(int value) => NarrowDot256.StartWord(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Start(int word) => Vector512.Create(word).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Dot(Vector512<short> sum, Vector512<byte> weights, int x) => sum + Product(weights, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Product(Vector512<byte> weights, int x) => Avx512BW.MultiplyAddAdjacent(weights, Vector512.Create(x).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Add(Vector512<short> a, Vector512<short> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Biased(Vector512<short> sum) =>
        (Avx512BW.MultiplyAddAdjacent(sum, Vector512.Create((short)1)) + Vector512.Create(SumBias.Bits)).AsSingle();
}
