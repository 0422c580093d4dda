using System.Numerics;
using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>The working memory of one tile of rows.</summary>
internal static unsafe partial class FlashAttention
{
    internal readonly partial struct Tile
    {
        public readonly int Batch;
        public readonly int KvHead;
        public readonly int FirstRow;
        public readonly int Rows;

        /// <summary>Query heads per kv head.</summary>
        public readonly int Group;

        /// <summary>Floats per accumulator row: the value dimension rounded up to whole vectors.</summary>
        public readonly int ValueWidth;

        /// <summary>The least first key, and one past the greatest last key, that any row sees.</summary>
        public readonly int FirstBegin;
        public readonly int LastEnd;

        public readonly float* Keys;
        public readonly float* Values;

        /// <summary>[rows rounded up to fours, ValueWidth].</summary>
        public readonly float* Accumulators;

        /// <summary>[rows rounded up to fours, 64]: scores, then weights.</summary>
        public readonly float* Weights;

        /// <summary>[rows, 16].</summary>
        public readonly float* Sums;

        /// <summary>[4, headDim, 16], where plain keys are repacked, or stored ones widened.</summary>
        public readonly float* Packed;

        /// <summary>[64, ValueWidth], where stored values are widened.</summary>
        public readonly float* Widened;

        /// <summary>Floats from one value to the next as they are added.</summary>
        public readonly long ValueStride;

        public readonly float* Maxima;

        /// <summary>Per row the first visible key, and one past the last.</summary>
        public readonly int* Begins;
        public readonly int* Ends;

        /// <summary>Per row where its query begins; rows that only fill up a four repeat the last one.</summary>
        public readonly float** Queries;

        /// <summary>Null, or per row which of the sixty-four keys it sees of the tile that was last asked for with <see cref="Meets"/>.</summary>
        public readonly ulong* Seen;

        /// <summary>Per row the first run that does not end before that tile.</summary>
        private readonly int* _runs;

        /// <summary>Where keys are chosen: what gathers for each row over its share of the arrays [rows, room], what it keeps, and 0 … 15.</summary>
        public readonly TopKeys* Tops;
        public readonly float* TopScores;
        public readonly int* TopPlaces;
        public readonly float* Least;
        public readonly float* LastTies;
        public readonly float* Lanes;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public Tile(in AttentionArgs args, int batch, int kvHead, int firstRow, int maxRows, float* memory)
        {
            Batch = batch;
            KvHead = kvHead;
            FirstRow = firstRow;
            Group = args.Heads / args.KvHeads;
            Rows = (int)Math.Min(maxRows, ((long)args.Queries * Group) - firstRow);
            ValueWidth = Round(args.ValueDim);
            Keys = args.Key + (batch * args.KeyBatchStride) + (kvHead * args.KeyHeadStride);
            Values = args.Value + (batch * args.ValueBatchStride) + (kvHead * args.ValueHeadStride);

            Accumulators = memory;
            int fours = (Rows + 3) / 4 * 4;
            Weights = Accumulators + ((long)fours * ValueWidth);
            Sums = Weights + ((long)fours * TileKeys);
            Packed = Sums + ((long)Rows * 16);
            Widened = Packed + PackedFloats(args);
            Maxima = Widened + WidenedFloats(args);
            ValueStride = args.Stored == KvCacheType.F32 ? args.ValueStride : ValueWidth;
            Begins = (int*)(Maxima + Round(maxRows));
            Ends = Begins + Round(maxRows);
            Queries = (float**)(Ends + Round(maxRows));
            bool hasRuns = args.Modifiers.RunStarts != null;
            Seen = hasRuns ? (ulong*)(Queries + Round(maxRows)) : null;
            _runs = (int*)(Queries + Round(maxRows)) + (hasRuns ? 2 * Round(maxRows) : 0);
            Tops = (TopKeys*)(_runs + (hasRuns ? Round(maxRows) : 0));
            TopScores = (float*)(Tops + maxRows);
            TopPlaces = (int*)(TopScores + ((long)maxRows * ScoreWork.Room(args)));
            Least = (float*)(TopPlaces + ((long)maxRows * ScoreWork.Room(args)));
            LastTies = Least + maxRows;
            Lanes = LastTies + maxRows;
            for (int lane = 0; lane < 16 && Kept(args) > 0; lane++)
            {
                Lanes[lane] = lane;
            }

            new Span<float>(Accumulators, fours * ValueWidth).Clear();
            new Span<float>(Sums, Rows * 16).Clear();
            FirstBegin = int.MaxValue;
            LastEnd = 0;
            for (int r = 0; r < Rows; r++)
            {
                int query = (firstRow + r) / Group;
                int head = (kvHead * Group) + ((firstRow + r) % Group);
                int limit = args.Limits[((long)batch * args.Queries) + query];
                int begin = args.FirstVisible(batch, query, limit);
                Queries[r] = args.Query + (batch * args.QueryBatchStride) + (query * args.QueryStride) + (head * args.QueryHeadStride);
                Maxima[r] = float.NegativeInfinity;
                Begins[r] = begin;
                Ends[r] = limit + 1;
                if (begin <= limit)
                {
                    FirstBegin = Math.Min(FirstBegin, begin);
                    LastEnd = Math.Max(LastEnd, limit + 1);
                }
            }

            for (int r = Rows; r < fours; r++)
            {
                Queries[r] = Queries[Rows - 1];
            }
        }

        /// <summary>The bytes that a tile of so many rows needs.</summary>
        public static long Bytes(in AttentionArgs args, int rows)
        {
            long perRow = Round(args.ValueDim) + TileKeys + 16;
            long packed = PackedFloats(args) + WidenedFloats(args);
            long chosen = Kept(args) == 0 ? 0 : (rows * ((2L * ScoreWork.Room(args)) + 2)) + 16 + (rows * sizeof(TopKeys) / sizeof(float));
            long seen = args.Modifiers.RunStarts == null ? 0 : Round(rows) * 3L;
            return (((rows + 3) / 4 * 4 * perRow) + packed + (Round(rows) * 5L) + seen + chosen) * sizeof(float);
        }

        /// <summary>How many keys a row keeps; 0 for all.</summary>
        public static int Kept(in AttentionArgs args) => Math.Min(args.Modifiers.TopK, args.KeyCapacity);

        /// <summary>The query head of row <paramref name="r"/>.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int HeadOf(int r) => (KvHead * Group) + ((FirstRow + r) % Group);

        /// <summary>The keys of row <paramref name="r"/> within the key tile at <paramref name="start"/>, from 0 to 64; empty where begin is not below end.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Visible(int r, int start, out int begin, out int end)
        {
            if (Seen != null)
            {
                begin = BitOperations.TrailingZeroCount(Seen[r]);
                end = TileKeys - BitOperations.LeadingZeroCount(Seen[r]);
                return;
            }

            begin = Math.Max(0, Begins[r] - start);
            end = Math.Min(TileKeys, Ends[r] - start);
        }

        private static long PackedFloats(in AttentionArgs args) => args.KeyStride == 0 && args.Stored == KvCacheType.F32 ? 0 : (long)TileKeys * args.HeadDim;

        private static long WidenedFloats(in AttentionArgs args) => args.Stored == KvCacheType.F32 ? 0 : (long)TileKeys * Round(args.ValueDim);

        private static int Round(int count) => (count + 15) / 16 * 16;
    }
}
