namespace Heed.Kernels;

/// <summary>Counts what the training kernels do, tile by tile, where a caller asks for it.</summary>
internal sealed class AttentionCounter
{
    private long _multiplyAdds, _bytes;

    /// <summary>Multiply-adds of the matrix products, padding left out.</summary>
    public long MultiplyAdds => Interlocked.Read(ref _multiplyAdds);

    /// <summary>Bytes that went between the working tile and what lies behind it; see <see cref="AttentionCost"/>.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public void Add(long multiplyAdds, long floats)
    {
        Interlocked.Add(ref _multiplyAdds, multiplyAdds);
        Interlocked.Add(ref _bytes, floats * sizeof(float));
    }
}
