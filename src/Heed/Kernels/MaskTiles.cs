namespace Heed.Kernels;

/// <summary>
/// Which keys the queries of each tile of 64 × 64 see, inside the rows' intervals. Tiles that nobody sees are not listed.
/// Bits beyond the last query or key are 0.
/// </summary>
internal sealed class MaskTiles(int batchMaps, int headMaps, int queries, int keys)
{
    /// <summary>The queries, and the keys, of a tile.</summary>
    public const int TileSize = 64;

    /// <summary>1, or one map per batch row.</summary>
    public int BatchMaps { get; } = batchMaps;

    /// <summary>1, or one map per query head.</summary>
    public int HeadMaps { get; } = headMaps;

    public int Queries { get; } = queries;

    public int Keys { get; } = keys;

    /// <summary>Tiles from the first query to the last.</summary>
    public int QueryTiles { get; } = (queries + TileSize - 1) / TileSize;

    /// <summary>The entries of a map's query tile begin at Starts[map·QueryTiles + tile] and end where the next ones begin.</summary>
    public required int[] Starts { get; init; }

    /// <summary>The key tile of each entry, ascending within a query tile.</summary>
    public required int[] KeyTiles { get; init; }

    /// <summary>Per entry: −1 if every pair of the tile (up to the last query and key) is seen, or the index of its bit map.</summary>
    public required int[] Bits { get; init; }

    /// <summary>[bitMaps, 64]: bit j of word i says whether query i of the tile sees its key j.</summary>
    public required ulong[] RowBits { get; init; }

    /// <summary>[bitMaps, 64]: bit i of word j says the same.</summary>
    public required ulong[] ColumnBits { get; init; }

    /// <summary>The map of a batch row and query head.</summary>
    public int MapOf(int batch, int head) => (BatchMaps == 1 ? 0 : batch) * HeadMaps + (HeadMaps == 1 ? 0 : head);
}
