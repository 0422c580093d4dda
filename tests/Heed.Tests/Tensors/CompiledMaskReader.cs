using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Reads compiled masks pair by pair, as a kernel must understand them.</summary>
internal static class CompiledMaskReader
{
    /// <summary>Whether the compiled mask shows a pair.</summary>
    public static bool Sees(CompiledMask mask, int queries, int batch, int head, int query, int key)
    {
        int row = batch * queries + query;
        if (key > mask.Limits[row] || key < (mask.Firsts.Length == 0 ? 0 : mask.Firsts[row])) return false;
        return mask.Tiles is null || InTiles(mask.Tiles, batch, head, query, key);
    }

    /// <summary>Fails unless tiles are in order, neither empty nor secretly full, and their two forms agree.</summary>
    public static void CheckTiles(MaskTiles tiles)
    {
        for (int entry = 0; entry + 1 < tiles.Starts.Length; entry++)
            for (int i = tiles.Starts[entry] + 1; i < tiles.Starts[entry + 1]; i++) tiles.KeyTiles[i].ShouldBeGreaterThan(tiles.KeyTiles[i - 1]);
        tiles.Starts.Length.ShouldBe(tiles.BatchMaps * tiles.HeadMaps * tiles.QueryTiles + 1);
        tiles.Starts[^1].ShouldBe(tiles.Bits.Length);
        for (int map = 0; map < tiles.RowBits.Length / 64; map++)
        {
            ReadOnlySpan<ulong> rows = tiles.RowBits.AsSpan(map * 64, 64), columns = tiles.ColumnBits.AsSpan(map * 64, 64);
            rows.ContainsAnyExcept(0UL).ShouldBeTrue();
            for (int i = 0; i < 64; i++)
                for (int j = 0; j < 64; j++)
                    if ((rows[i] >> j & 1) != (columns[j] >> i & 1)) throw new ShouldAssertException($"map {map}: row bit ({i}, {j}) differs from the column bit");
        }
    }

    private static bool InTiles(MaskTiles tiles, int batch, int head, int query, int key)
    {
        int row = tiles.MapOf(batch, head) * tiles.QueryTiles + query / 64;
        for (int entry = tiles.Starts[row]; entry < tiles.Starts[row + 1]; entry++)
            if (tiles.KeyTiles[entry] == key / 64)
                return tiles.Bits[entry] < 0 || (tiles.RowBits[tiles.Bits[entry] * 64 + query % 64] >> (key % 64) & 1) != 0;
        return false;
    }
}
