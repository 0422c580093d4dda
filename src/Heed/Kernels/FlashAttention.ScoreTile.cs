using System.Numerics;
using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>What modifies the scores of one tile of 64 queries and 64 keys.</content>
internal static unsafe partial class FlashAttention
{
    private struct ScoreTile
    {
        /// <summary>The first key.</summary>
        public int Start;

        /// <summary>Whether scores are modified at all; else the rows' intervals say all that is to be said.</summary>
        public bool Modified;

        /// <summary>Null where every row sees every key; else who sees what, intervals included.</summary>
        public ulong* RowMasks;
        public ulong* ColumnMasks;

        /// <summary>Null, or [127] from the most negative index on: forward by row - key, backward by key - row, 63 is the diagonal.</summary>
        public float* Distances;

        /// <summary>Null, or the bias: forward by key and, if PerQuery, by row; backward by row and key, BiasStep floats apart.</summary>
        public float* Bias;
        public long BiasStep;
        public bool BiasPerQuery;

        /// <summary>Null, or by row what the choice keeps; and backward the keys' numbers.</summary>
        public float* Least;
        public float* LastTies;
        public float* Keys;

        /// <summary>The keys that rows first up to end see, counted from the start.</summary>
        public readonly (int From, int To) KeysOf(in QueryRows rows, int first, int end)
        {
            if (RowMasks == null)
            {
                return rows.KeysOf(first, end, Start);
            }

            ulong seen = 0;
            for (int r = first; r < end; r++)
            {
                seen |= RowMasks[r];
            }

            return seen == 0 ? (0, 0) : (BitOperations.TrailingZeroCount(seen), 64 - BitOperations.LeadingZeroCount(seen));
        }

        /// <summary>The rows that see any of the tile's keys first up to end.</summary>
        public readonly (int From, int To) RowsSeeing(in QueryRows rows, int first, int end)
        {
            if (RowMasks == null)
            {
                return rows.RowsSeeing(Start + first, Start + end);
            }

            ulong keys = Interval(first, end);
            int from = 0, to = TileRows;
            while (from < to && (RowMasks[from] & keys) == 0)
            {
                from++;
            }

            while (to > from && (RowMasks[to - 1] & keys) == 0)
            {
                to--;
            }

            return (from, to);
        }
    }

    /// <summary>Bits first up to end.</summary>
    private static ulong Interval(int first, int end)
    {
        first = Math.Clamp(first, 0, 64);
        end = Math.Clamp(end, 0, 64);
        return first >= end ? 0 : (ulong.MaxValue >> (64 - end + first)) << first;
    }

    /// <summary>The tile as the forward pass reads it, keys in rows.</summary>
    private static ScoreTile ColumnTile(in AttentionArgs args, in ScoreWork work, in QueryRows rows, int batch, int head, in KeyTileWalk at)
    {
        ScoreTile tile = new() { Start = at.Start, Modified = args.Modifiers.At(at.Bits) };
        if (!tile.Modified)
        {
            return tile;
        }

        ScoreModifiers modifiers = args.Modifiers;
        MaskTile(ref tile, work, rows, modifiers.Tiles, at.Bits);
        if (tile.RowMasks != null)
        {
            tile.ColumnMasks = work.ColumnMasks;
            BitMatrix.Transpose(new(work.RowMasks, TileRows), new(work.ColumnMasks, TileRows));
        }

        if (modifiers.Distances != null)
        {
            tile.Distances = work.Distances;
            CopyDistances(args, head, at.Start - rows.Query, work.Distances);
            new Span<float>(work.Distances, (2 * TileKeys) - 1).Reverse();
        }

        if (modifiers.Bias != null)
        {
            float* bias = BiasRow(modifiers, batch, head, rows.Query) + at.Start;
            tile.BiasPerQuery = modifiers.BiasQueryStride != 0;
            tile.Bias = tile.BiasPerQuery ? work.Bias : bias;
            tile.BiasStep = tile.BiasPerQuery ? TileRows : 1;
            if (tile.BiasPerQuery)
            {
                TilePacking.Transpose(bias, (nint)modifiers.BiasQueryStride, rows.Count, Math.Min(TileKeys, args.KeyCapacity - at.Start), work.Bias, TileRows);
            }
        }

        return tile;
    }

    /// <summary>The tile as the backward pass reads it, queries in rows.</summary>
    private static ScoreTile RowTile(in AttentionArgs args, in ScoreWork work, in QueryRows rows, int batch, int head, in KeyTileWalk at)
    {
        ScoreTile tile = new() { Start = at.Start, Modified = args.Modifiers.At(at.Bits) };
        if (!tile.Modified)
        {
            return tile;
        }

        ScoreModifiers modifiers = args.Modifiers;
        MaskTile(ref tile, work, rows, modifiers.Tiles, at.Bits);
        if (modifiers.Distances != null)
        {
            tile.Distances = work.Distances;
            CopyDistances(args, head, at.Start - rows.Query, work.Distances);
        }

        if (modifiers.Bias != null)
        {
            tile.Bias = BiasRow(modifiers, batch, head, rows.Query) + at.Start;
            tile.BiasStep = modifiers.BiasQueryStride;
        }

        if (modifiers.TopK > 0)
        {
            tile.Least = ChoiceOf(args, batch, head, rows.Query);
            tile.LastTies = tile.Least + ChoicePlane(args);
            tile.Keys = work.Keys;
            for (int key = 0; key < TileKeys; key++)
            {
                tile.Keys[key] = at.Start + key;
            }
        }

        return tile;
    }

    private static void MaskTile(ref ScoreTile tile, in ScoreWork work, in QueryRows rows, MaskTiles? tiles, int bits)
    {
        bool shared = rows.SharedFirst <= tile.Start && rows.SharedEnd >= tile.Start + TileKeys;
        if (shared && bits < 0)
        {
            return;
        }

        tile.RowMasks = work.RowMasks;
        ReadOnlySpan<ulong> map = bits < 0 ? default : tiles!.RowBits.AsSpan(bits * TileRows, TileRows);
        for (int r = 0; r < TileRows; r++)
        {
            ulong seen = shared ? ulong.MaxValue : Interval(rows.Begins[r] - tile.Start, rows.Ends[r] - tile.Start);
            work.RowMasks[r] = bits < 0 ? seen : seen & map[r];
        }
    }

    /// <summary>The biases of the distances -63 … 63 around <paramref name="diagonal"/>, which is key - query; 0 for those that no pair has.</summary>
    private static void CopyDistances(in AttentionArgs args, int head, int diagonal, float* destination)
    {
        int count = args.Queries + args.KeyCapacity - 1, first = diagonal + args.Queries - 1 - (TileKeys - 1);
        float* source = args.Modifiers.Distances + ((long)head * count);
        for (int i = 0; i < 2 * TileKeys; i++)
        {
            destination[i] = (uint)(first + i) < (uint)count ? source[first + i] : 0f;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* BiasRow(in ScoreModifiers modifiers, int batch, int head, int query)
        => modifiers.Bias + (batch * modifiers.BiasBatchStride) + (head * modifiers.BiasHeadStride) + (query * modifiers.BiasQueryStride);

    /// <summary>Where the least score that one query keeps is; the last key with that score is a plane further on.</summary>
    private static float* ChoiceOf(in AttentionArgs args, int batch, int head, int query)
        => args.Modifiers.Choice + ((((long)batch * args.Heads) + head) * args.Queries) + query;

    private static long ChoicePlane(in AttentionArgs args) => (long)args.Batch * args.Heads * args.Queries;
}
