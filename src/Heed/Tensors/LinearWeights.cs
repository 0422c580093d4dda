namespace Heed.Tensors;

/// <summary>
/// The matrix [rows = outFeatures, columns = inFeatures] of a layer that does not learn, in whatever form multiplies
/// fastest or fills the least memory: packed float32 panels, or a file's own quantized blocks.
/// </summary>
internal abstract class LinearWeights : IDisposable
{
    protected LinearWeights(int rows, int columns)
    {
        Rows = rows;
        Columns = columns;
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>Bytes of memory of its own; mapped files do not count.</summary>
    public abstract long ResidentBytes { get; }

    /// <summary>Writes row <paramref name="row"/> as float32.</summary>
    public abstract void ReadRow(int row, Span<float> destination);

    /// <summary>Whether the memory is gone; asking for it then is an error, not a crash.</summary>
    public bool IsDisposed { get; private set; }

    public virtual void Dispose() => IsDisposed = true;

    public void ThrowIfDisposed()
    {
        if (IsDisposed) throw new ObjectDisposedException(nameof(LinearWeights), "Linear: the model's weights were freed with its checkpoint.");
    }
}
