using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>Mask tiles from a predicate, pair by pair.</summary>
internal static class TileMaps
{
    public static MaskTiles Of(int batchMaps, int headMaps, int queries, int keys, Func<int, int, int, int, bool> sees)
    {
        List<int> starts = [0], keyTiles = [], bits = [];
        List<ulong> rows = [], columns = [];
        for (int map = 0; map < batchMaps * headMaps; map++)
        {
            for (int tile = 0; tile < queries; tile += 64)
            {
                for (int key = 0; key < keys; key += 64)
                {
                    ulong[] row = new ulong[64], column = new ulong[64];
                    int seen = 0, pairs = Math.Min(64, queries - tile) * Math.Min(64, keys - key);
                    for (int i = 0; i < Math.Min(64, queries - tile); i++)
                    {
                        for (int j = 0; j < Math.Min(64, keys - key); j++)
                        {
                            if (sees(map / headMaps, map % headMaps, tile + i, key + j))
                            {
                                row[i] |= 1ul << j;
                                column[j] |= 1ul << i;
                                seen++;
                            }
                        }
                    }

                    if (seen > 0)
                    {
                        keyTiles.Add(key / 64);
                        bits.Add(seen == pairs ? -1 : rows.Count / 64);
                    }

                    if (seen > 0 && seen < pairs)
                    {
                        rows.AddRange(row);
                        columns.AddRange(column);
                    }
                }

                starts.Add(keyTiles.Count);
            }
        }

        return new MaskTiles(batchMaps, headMaps, queries, keys)
        {
            Starts = [.. starts],
            KeyTiles = [.. keyTiles],
            Bits = [.. bits],
            RowBits = [.. rows],
            ColumnBits = [.. columns],
        };
    }
}
