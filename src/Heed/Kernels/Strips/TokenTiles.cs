namespace Heed.Kernels.Strips;

/// <summary>Cuts rows of x into the fewest tiles that fit the registers, all alike but for one row.</summary>
internal readonly struct TokenTiles
{
    private readonly int _base, _longer;

    public TokenTiles(int rows, int maxRows)
    {
        Rows = rows;
        Count = (rows + maxRows - 1) / maxRows;
        _base = rows / Count;
        _longer = rows - (_base * Count);
    }

    public int Rows { get; }

    public int Count { get; }

    public int First(int tile) => (tile * _base) + Math.Min(tile, _longer);

    public int RowsOf(int tile) => _base + (tile < _longer ? 1 : 0);
}
