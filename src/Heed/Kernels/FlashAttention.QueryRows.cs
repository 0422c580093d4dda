using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>Who sees what in a tile of 64 queries of one head.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>The visible keys of up to 64 queries; begin = end = 0 for a query that sees none and for rows beyond the last query.</summary>
    private readonly struct QueryRows
    {
        /// <summary>Memory that <see cref="Begins"/> and <see cref="Ends"/> need.</summary>
        public const int Floats = 2 * TileRows;

        public readonly int* Begins;
        public readonly int* Ends;

        /// <summary>The first query, and how many there are.</summary>
        public readonly int Query;
        public readonly int Count;

        /// <summary>The first key that any row sees, and one past the last.</summary>
        public readonly int First;
        public readonly int End;

        /// <summary>All 64 rows see the keys from here up to <see cref="SharedEnd"/>.</summary>
        public readonly int SharedFirst;
        public readonly int SharedEnd;

        /// <summary>Rows whose <paramref name="logSumExp"/> (null: not asked) says that nothing was weighed see nothing.</summary>
        public QueryRows(in AttentionArgs args, int batch, int tile, float* logSumExp, float* memory)
        {
            Begins = (int*)memory;
            Ends = Begins + TileRows;
            Query = tile * TileRows;
            Count = Math.Min(TileRows, args.Queries - Query);
            First = int.MaxValue;
            SharedEnd = int.MaxValue;
            for (int r = 0; r < TileRows; r++)
            {
                int begin = 0, end = 0;
                if (r < Count)
                {
                    int limit = args.Limits[((long)batch * args.Queries) + Query + r];
                    begin = args.FirstVisible(batch, Query + r, limit);
                    end = limit + 1;
                    if (begin >= end || (logSumExp != null && float.IsNegativeInfinity(logSumExp[Query + r])))
                    {
                        begin = end = 0;
                    }
                }

                Begins[r] = begin;
                Ends[r] = end;
                SharedFirst = Math.Max(SharedFirst, begin);
                SharedEnd = Math.Min(SharedEnd, end);
                if (begin < end)
                {
                    First = Math.Min(First, begin);
                    End = Math.Max(End, end);
                }
            }
        }

        /// <summary>Whether any row sees any of the 64 keys from <paramref name="start"/> on.</summary>
        public bool Meets(int start) => First < start + TileKeys && End > start;

        /// <summary>The keys of the tile at <paramref name="start"/> that rows first up to end see, counted from it.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public (int From, int To) KeysOf(int first, int end, int start)
        {
            int from = TileKeys, to = 0;
            for (int r = first; r < end; r++)
            {
                int begin = Math.Max(Begins[r] - start, 0), stop = Math.Min(Ends[r] - start, TileKeys);
                if (begin < stop)
                {
                    from = Math.Min(from, begin);
                    to = Math.Max(to, stop);
                }
            }

            return to == 0 ? (0, 0) : (from, to);
        }

        /// <summary>The rows that see any of the keys from first up to end.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public (int From, int To) RowsSeeing(int first, int end)
        {
            int from = 0, to = TileRows;
            while (from < to && !(Begins[from] < end && Ends[from] > first))
            {
                from++;
            }

            while (to > from && !(Begins[to - 1] < end && Ends[to - 1] > first))
            {
                to--;
            }

            return (from, to);
        }
    }
}
