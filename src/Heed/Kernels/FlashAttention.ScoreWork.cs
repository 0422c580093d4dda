namespace Heed.Kernels;

/// <content>The working memory of modified scores.</content>
internal static unsafe partial class FlashAttention
{
    private readonly struct ScoreWork
    {
        /// <summary>[64]: bit j of word i says whether the tile's query i sees its key j; and the same transposed.</summary>
        public readonly ulong* RowMasks;
        public readonly ulong* ColumnMasks;

        /// <summary>[128]: the biases of a tile's 127 distances.</summary>
        public readonly float* Distances;

        /// <summary>[64] each: what the rows' choices keep.</summary>
        public readonly float* Least;
        public readonly float* LastTies;

        /// <summary>[64]: the numbers of a tile's keys.</summary>
        public readonly float* Keys;

        /// <summary>[64 keys, 64 queries], and where keys are chosen the tile's scores [64 queries, 64 keys].</summary>
        public readonly float* Bias;

        /// <summary>[64], each over its share of the two arrays [64, k].</summary>
        public readonly TopHeap* Heaps;
        public readonly float* HeapScores;
        public readonly int* HeapKeys;

        public ScoreWork(in AttentionArgs args, float* memory)
        {
            RowMasks = (ulong*)memory;
            ColumnMasks = RowMasks + TileRows;
            Distances = (float*)(ColumnMasks + TileRows);
            Least = Distances + (2 * TileKeys);
            LastTies = Least + TileRows;
            Keys = LastTies + TileRows;
            Bias = Keys + TileKeys;
            HeapScores = Bias + (TileRows * TileKeys);
            HeapKeys = (int*)(HeapScores + (TileRows * Kept(args)));
            Heaps = (TopHeap*)(HeapKeys + (TileRows * Kept(args)));
        }

        /// <summary>Floats that a part needs; the backward pass chooses nothing and takes biases as they lie.</summary>
        public static long Floats(in AttentionArgs args, bool forward)
        {
            if (args.Modifiers.Tiles == null && !args.Modifiers.Everywhere)
            {
                return 0;
            }

            long heaps = forward && args.Modifiers.TopK > 0 ? (2 * TileRows * Kept(args)) + (TileRows * sizeof(TopHeap) / sizeof(float)) : 0;
            return (9 * TileRows) + (forward ? TileRows * TileKeys : 0) + heaps;
        }

        private static long Kept(in AttentionArgs args) => Math.Min(args.Modifiers.TopK, args.KeyCapacity);
    }
}
