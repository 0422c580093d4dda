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

        /// <summary>[64], each over its share of the two arrays [64, room].</summary>
        public readonly TopKeys* Tops;
        public readonly float* TopScores;
        public readonly int* TopPlaces;

        public ScoreWork(in AttentionArgs args, float* memory)
        {
            RowMasks = (ulong*)memory;
            ColumnMasks = RowMasks + TileRows;
            Distances = (float*)(ColumnMasks + TileRows);
            Least = Distances + (2 * TileKeys);
            LastTies = Least + TileRows;
            Keys = LastTies + TileRows;
            Bias = Keys + TileKeys;
            Tops = (TopKeys*)(Bias + (TileRows * TileKeys));
            TopScores = (float*)(Tops + TileRows);
            TopPlaces = (int*)(TopScores + (TileRows * Room(args)));
        }

        /// <summary>Floats that a part needs; the backward pass chooses nothing and takes biases as they lie.</summary>
        public static long Floats(in AttentionArgs args, bool forward)
        {
            if (args.Modifiers.Tiles == null && !args.Modifiers.Everywhere)
            {
                return 0;
            }

            long tops = forward && args.Modifiers.TopK > 0 ? (2 * TileRows * Room(args)) + (TileRows * sizeof(TopKeys) / sizeof(float)) : 0;
            return (9 * TileRows) + (forward ? TileRows * TileKeys : 0) + tops;
        }

        /// <summary>The scores that a row gathers.</summary>
        public static long Room(in AttentionArgs args) => TopKeys.RoomFor(Math.Min(args.Modifiers.TopK, args.KeyCapacity), args.KeyCapacity);
    }
}
