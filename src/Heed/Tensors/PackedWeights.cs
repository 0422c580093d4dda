using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>A float32 matrix in panels of 32 rows, in memory of its own: what multiplies fastest.</summary>
internal sealed class PackedWeights : LinearWeights
{
    private readonly NativeBuffer _buffer;

    /// <summary>A matrix in the given memory, which it takes over and which must have <see cref="BytesFor"/> bytes; else one of undefined contents, to be filled with <see cref="Pack"/>.</summary>
    public PackedWeights(int rows, int columns, NativeBuffer? memory = null) : base(rows, columns)
    {
        _buffer = memory ?? new NativeBuffer(BytesFor(rows, columns));
        Panels = new PackedPanels(_buffer, 0, rows, columns);
    }

    public PackedPanels Panels { get; }

    /// <summary>Where the panels lie.</summary>
    public NativeBuffer Memory => _buffer;

    public override long ResidentBytes => _buffer.IsView ? 0 : _buffer.Bytes;

    /// <summary>The number of panels; each can be packed on a thread of its own.</summary>
    public int PanelCount => Panels.PanelCount;

    /// <summary>The bytes that a matrix takes.</summary>
    public static long BytesFor(int rows, int columns) => PackedPanels.FloatCount(rows, columns) * sizeof(float);

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
