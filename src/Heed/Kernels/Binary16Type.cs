using System.Runtime.CompilerServices;
using Heed.Kernels.Quantization;

namespace Heed.Kernels;

/// <summary>IEEE binary16.</summary>
internal readonly unsafe struct Binary16Type : IHalfType
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<TLanes, V>(ushort* source) where TLanes : struct, ISixteen<V> where V : unmanaged => TLanes.LoadHalf(source);

    public static void Widen(ReadOnlySpan<byte> source, Span<float> destination) => HalfPrecision.F16(source, destination);
}
