using System.Diagnostics;

namespace Heed.Kernels.Strips;

/// <summary>
/// Rows of x that several matrices multiply one after the other: the first one rounds them, and the others take the same bytes, since
/// all formats round alike. Whoever made it disposes it.
/// </summary>
/// <param name="scratch">Lends the memory.</param>
internal struct SharedInput(ScratchPool scratch) : IDisposable
{
    private NativeBuffer? _memory;
    private QuantizedRows _rows;

    /// <summary>Whether the rows' bytes are there.</summary>
    public bool IsRounded { get; set; }

    /// <summary>Where the rounded rows lie, or are to lie.</summary>
    /// <param name="grid">The rows; the same for all matrices, as is the number of columns.</param>
    /// <param name="columns">A multiple of 32.</param>
    public QuantizedRows Rows(TileGrid grid, int columns)
    {
        if (_memory is null)
        {
            _memory = scratch.Rent(QuantizedRows.BytesFor(grid.TotalRows, columns));
            _rows = new QuantizedRows(_memory, grid, columns);
        }
        Debug.Assert(_rows.Grid.TotalRows == grid.TotalRows && _rows.Blocks == columns / StripMatrix.BlockColumns, "SharedInput: the matrices have inputs of different shapes.");
        return _rows;
    }

    public void Dispose()
    {
        if (_memory is { } memory) scratch.Return(memory);
        _memory = null;
    }
}
