using System.Numerics;
using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>Stored keys of which a query sees some runs alone.</content>
internal static unsafe partial class FlashAttention
{
    internal readonly partial struct Tile
    {
        /// <summary>Before the first key tile of a pass over the keys.</summary>
        public void BeginRuns(in AttentionArgs args)
        {
            if (Seen == null)
            {
                return;
            }

            for (int r = 0; r < Rows; r++)
            {
                _runs[r] = args.Modifiers.RunStarts[RowOf(args, r)];
            }
        }

        /// <summary>Finds what the rows see of the key tile at <paramref name="start"/>, and whether that is anything; starts must rise.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public bool Meets(in AttentionArgs args, int start)
        {
            if (Seen == null)
            {
                return true;
            }

            ulong any = 0;
            for (int r = 0; r < Rows; r++)
            {
                // The rows of a group are heads of one query.
                Seen[r] = r > 0 && (FirstRow + r) % Group > 0 ? Seen[r - 1] : Word(args, r, start);
                any |= Seen[r];
            }

            return any != 0;
        }

        /// <summary>Whether any of the rows from <paramref name="r"/> on sees not all of the keys from its first to its last of the tile.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool HasGaps(int r, int rows)
        {
            if (Seen == null)
            {
                return false;
            }

            bool gaps = false;
            for (int i = r; i < r + rows; i++)
            {
                ulong seen = Seen[i], filled = seen | (seen - 1);
                gaps |= seen != 0 && (filled & (filled + 1)) != 0;
            }

            return gaps;
        }

        private ulong Word(in AttentionArgs args, int r, int start)
        {
            int last = args.Modifiers.RunStarts[RowOf(args, r) + 1], run = _runs[r];
            int* runs = args.Modifiers.Runs;
            while (run < last && runs[(2 * run) + 1] <= start)
            {
                run++;
            }

            _runs[r] = run;
            ulong word = 0;
            for (; run < last && runs[2 * run] < start + TileKeys; run++)
            {
                int first = Math.Max(0, Math.Max(runs[2 * run], Begins[r]) - start), end = Math.Min(TileKeys, Math.Min(runs[(2 * run) + 1], Ends[r]) - start);
                if (first < end)
                {
                    word |= ulong.MaxValue >> (TileKeys - (end - first)) << first;
                }
            }

            return word;
        }

        private long RowOf(in AttentionArgs args, int r) => ((long)Batch * args.Queries) + ((FirstRow + r) / Group);
    }

    /// <summary>Adds the values that some rows see with gaps, row by row and run by run.</summary>
    private static void AddRuns<L, V>(in AttentionArgs args, in Tile tile, int r, int rows, int slot, float* values)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int i = r; i < r + rows; i++)
        {
            ulong seen = tile.Seen[i];
            int end = 0;
            while (end < TileKeys && seen >> end != 0)
            {
                int begin = end + BitOperations.TrailingZeroCount(seen >> end);
                end = begin + BitOperations.TrailingZeroCount(~(seen >> begin));
                AddRow<L, V>(args, tile, i, begin, end, slot, values);
            }
        }
    }

    /// <summary>The scalar twin: whether a key of the query's interval is in one of its runs.</summary>
    private static bool SeesStored(in AttentionArgs args, int b, int i, int j)
    {
        if (args.Modifiers.RunStarts == null)
        {
            return true;
        }

        long row = ((long)b * args.Queries) + i;
        for (int run = args.Modifiers.RunStarts[row]; run < args.Modifiers.RunStarts[row + 1]; run++)
        {
            if (j >= args.Modifiers.Runs[2 * run] && j < args.Modifiers.Runs[(2 * run) + 1])
            {
                return true;
            }
        }

        return false;
    }
}
