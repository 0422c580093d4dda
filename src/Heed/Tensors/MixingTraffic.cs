using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>Which tiles of queries and keys the attention kernels bring together, in rows that they read.</summary>
/// <param name="KeyRows">Keys for each tile of queries.</param>
/// <param name="QueryRows">Queries for each tile of keys.</param>
/// <param name="BlockKeyRows">Keys for each block of query tiles of the backward pass.</param>
internal readonly record struct MixingTraffic(long KeyRows, long QueryRows, long BlockKeyRows)
{
    private const int Tile = FlashAttention.TileKeys;

    /// <summary>Every query against every key.</summary>
    public static MixingTraffic Full(long queries, long keys) =>
        new(Tiles(queries, Tile) * keys, Tiles(keys, Tile) * queries, Tiles(queries, Tile * FlashAttention.QueryBlock) * keys);

    /// <summary>The tiles in which a mask shows anything.</summary>
    public static MixingTraffic Of(CompiledMask mask, int tokens)
    {
        long keyRows = 0, queryRows = 0, blockKeyRows = 0;
        int tiles = (int)Tiles(tokens, Tile);
        HashSet<int> block = [];
        for (int tile = 0; tile < tiles; tile++)
        {
            foreach (int key in KeyTiles(mask, tile, tokens))
            {
                int keys = Math.Min(Tile, tokens - key * Tile);
                keyRows += keys;
                queryRows += Math.Min(Tile, tokens - tile * Tile);
                if (block.Add(key)) blockKeyRows += keys;
            }
            if ((tile + 1) % FlashAttention.QueryBlock == 0) block.Clear();
        }
        return new MixingTraffic(keyRows, queryRows, blockKeyRows);
    }

    private static IEnumerable<int> KeyTiles(CompiledMask mask, int tile, int tokens)
    {
        if (mask.Tiles is { } tiles) return tiles.KeyTiles[tiles.Starts[tile]..tiles.Starts[tile + 1]];
        int from = tile * Tile, to = Math.Min(from + Tile, tokens), last = mask.Limits[from..to].Max(), first = mask.Firsts.Length > 0 ? mask.Firsts[from..to].Min() : 0;
        return last < first ? [] : Enumerable.Range(first / Tile, last / Tile - first / Tile + 1);
    }

    private static long Tiles(long rows, long tile) => (rows + tile - 1) / tile;
}
