using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>A float32 matrix in panels of 32 rows, in memory of its own: what multiplies fastest.</summary>
internal sealed class PackedWeights : LinearWeights
{
    private readonly NativeBuffer _buffer;

    /// <summary>A matrix of undefined contents; fill it with <see cref="Pack"/>.</summary>
    public PackedWeights(int rows, int columns) : base(rows, columns)
    {
        _buffer = new NativeBuffer(PackedPanels.FloatCount(rows, columns) * sizeof(float));
        Panels = new PackedPanels(_buffer, 0, rows, columns);
    }

    public PackedPanels Panels { get; }

    public override long ResidentBytes => _buffer.Bytes;

    /// <summary>The number of panels; each can be packed on a thread of its own.</summary>
    public int PanelCount => Panels.PanelCount;

    /// <summary>Sets the rows 32·panel … of the matrix from row-major floats.</summary>
    public void Pack(int panel, ReadOnlySpan<float> rows) =>
        PackedPanels.PackRows(rows, RowsOf(panel), Columns, Panels.Panel(panel));

    /// <summary>The number of rows in a panel: 32, or what is left in the last one.</summary>
    public int RowsOf(int panel) => Math.Min(PackedPanels.PanelRows, Rows - panel * PackedPanels.PanelRows);

    public override void ReadRow(int row, Span<float> destination)
    {
        ThrowIfDisposed();
        Panels.ReadRow(row, destination);
    }

    public override void Dispose()
    {
        base.Dispose();
        _buffer.Dispose();
    }
}
