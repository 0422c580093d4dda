using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>AVX-VNNI.</summary>
internal readonly struct VnniProducts : IWideProducts
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StartWord(int value) => SumBias.Bits + value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sum, Vector256<byte> weights, Vector256<sbyte> x) => AvxVnni.MultiplyWideningAndAdd(sum, weights, x);
}
