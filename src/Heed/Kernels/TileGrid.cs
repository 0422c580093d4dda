namespace Heed.Kernels;

/// <summary>Cuts rows into the fewest tiles that fit the registers, all alike but for one row.</summary>
internal readonly struct TileGrid
{
    private readonly int _base, _longer;

    public TileGrid(int rows, int maxRows)
    {
        TotalRows = rows;
        Tiles = (rows + maxRows - 1) / maxRows;
        _base = rows / Math.Max(Tiles, 1);
        _longer = rows - (_base * Tiles);
    }

    public int TotalRows { get; }

    public int Tiles { get; }

    public int First(int tile) => (tile * _base) + Math.Min(tile, _longer);

    public int Rows(int tile) => _base + (tile < _longer ? 1 : 0);
}
