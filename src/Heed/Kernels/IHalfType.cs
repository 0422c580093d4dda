namespace Heed.Kernels;

/// <summary>A type of 16-bit floats.</summary>
internal unsafe interface IHalfType
{
    /// <summary>Sixteen of them as floats.</summary>
    static abstract V Load<TLanes, V>(ushort* source) where TLanes : struct, ISixteen<V> where V : unmanaged;

    /// <summary>Any number of them as floats.</summary>
    static abstract void Widen(ReadOnlySpan<byte> source, Span<float> destination);
}
