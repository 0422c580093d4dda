using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>Which blocks hold the keys and values of which rows; the same for all layers. Written anew before each pass.</summary>
internal sealed class KvBlockTable
{
    private int[] _numbers = [];
    private int _rows, _perRow;

    /// <summary>The tokens of a row that the table has blocks for.</summary>
    public int Capacity => _perRow * KvPlaces.Block;

    /// <summary>A table of no blocks.</summary>
    public void Reset(int rows, int perRow)
    {
        (_rows, _perRow) = (rows, perRow);
        if (_numbers.Length < (long)rows * perRow) _numbers = new int[checked(2 * rows * perRow)];
        _numbers.AsSpan(0, rows * perRow).Fill(-1);
    }

    /// <summary>Sets the first blocks of a row.</summary>
    public void Set(int row, ReadOnlySpan<int> blocks) => blocks.CopyTo(_numbers.AsSpan(row * _perRow, _perRow));

    /// <summary>The table of all rows over a memory of so many slots.</summary>
    public KvBlocks Of(int slots) => new(_numbers.AsSpan(0, _rows * _perRow), slots);

    /// <summary>Where a row's tokens lie in a memory of so many slots.</summary>
    public KvPlaces Of(int row, int slots) => new(new KvSlots(slots), _numbers.AsSpan(row * _perRow, _perRow));
}
