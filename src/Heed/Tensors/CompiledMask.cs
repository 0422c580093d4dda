using System.Numerics;
using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>A mask in the form that the kernels read.</summary>
/// <param name="Limits">[batch · queries]: the last key that a query sees in any head; −1 for none.</param>
/// <param name="Firsts">[batch · queries]: the first one; empty if all are 0.</param>
/// <param name="Tiles">What is seen between the two; null if everything is.</param>
internal sealed record CompiledMask(int[] Limits, int[] Firsts, MaskTiles? Tiles)
{
    /// <summary>How many pairs of query and key are seen in the first batch row and head.</summary>
    public long CountPairs(int queries)
    {
        long pairs = 0;
        if (Tiles is null)
        {
            for (int i = 0; i < queries; i++) pairs += Math.Max(0, Limits[i] + 1 - (Firsts.Length > 0 ? Firsts[i] : 0));
            return pairs;
        }
        for (int tile = 0; tile < Tiles.QueryTiles; tile++)
        {
            int rows = Math.Min(MaskTiles.TileSize, queries - tile * MaskTiles.TileSize);
            for (int entry = Tiles.Starts[tile]; entry < Tiles.Starts[tile + 1]; entry++)
            {
                int bits = Tiles.Bits[entry];
                if (bits < 0) pairs += (long)rows * Math.Min(MaskTiles.TileSize, Tiles.Keys - Tiles.KeyTiles[entry] * MaskTiles.TileSize);
                else foreach (ulong row in Tiles.RowBits.AsSpan(bits * MaskTiles.TileSize, MaskTiles.TileSize)) pairs += BitOperations.PopCount(row);
            }
        }
        return pairs;
    }
}
