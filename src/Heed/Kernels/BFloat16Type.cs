using System.Runtime.CompilerServices;
using Heed.Kernels.Quantization;

namespace Heed.Kernels;

/// <summary>bfloat16: the upper half of a float.</summary>
internal readonly unsafe struct BFloat16Type : IHalfType
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<TLanes, V>(ushort* source) where TLanes : struct, ISixteen<V> where V : unmanaged => TLanes.LoadBFloat(source);

    public static void Widen(ReadOnlySpan<byte> source, Span<float> destination) => HalfPrecision.BF16(source, destination);
}
