using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>
/// softmax(q k^T * scale) v in tiles of 64 keys that begin at multiples of 64, with a running maximum and sum (Dao et al.
/// 2022, arXiv 2205.14135); scores are never all in memory. A row is a (query, head of one kv head's group); its result
/// has the same bits alone, in any tile, on any number of threads, and whatever lies in keys that it may not see.
/// </summary>
internal static unsafe partial class FlashAttention
{
    internal const int TileKeys = 64;
    private const int TileRows = 64;

    // Below this many multiply-adds waking the pool costs more than it brings.
    private const long InlineWork = 200_000;

    /// <summary>Computes all rows.</summary>
    public static void Run(in AttentionArgs args, WorkerPool pool)
    {
        long pairs = args.Check();
        int group = args.Heads / args.KvHeads;
        long rows = (long)args.Queries * group;
        int tiles = checked((int)((rows + TileRows - 1) / TileRows));
        int parts = checked(tiles * args.Batch * args.KvHeads);
        if (parts == 0)
        {
            return;
        }

        Job job = new(args, pool.Scratch, tiles);
        long work = pairs * args.Heads * (args.HeadDim + args.ValueDim);
        if (parts == 1 || work < InlineWork || pool.Threads == 1)
        {
            job.ExecuteAll(parts);
        }
        else
        {
            pool.Run(ref job, parts);
        }
    }

    /// <summary>One part is a tile of rows of one kv head; the last tiles, which see the most keys under a causal mask, come first.</summary>
    private readonly struct Job(AttentionArgs args, ScratchPool scratch, int tiles) : IPoolJob
    {
        public void Execute(int part)
        {
            NativeBuffer buffer = scratch.Rent(Tile.Bytes(args, TileRows));
            try
            {
                Execute(part, (float*)buffer.Pointer);
            }
            finally
            {
                scratch.Return(buffer);
            }
        }

        public void ExecuteAll(int parts)
        {
            NativeBuffer buffer = scratch.Rent(Tile.Bytes(args, TileRows));
            try
            {
                for (int part = 0; part < parts; part++)
                {
                    Execute(part, (float*)buffer.Pointer);
                }
            }
            finally
            {
                scratch.Return(buffer);
            }
        }

        private void Execute(int part, float* memory)
        {
            int batchHeads = args.Batch * args.KvHeads;
            int tile = tiles - 1 - (part / batchHeads);
            int batch = part % batchHeads / args.KvHeads;
            int kvHead = part % args.KvHeads;
            if (Vector512.IsHardwareAccelerated)
            {
                RunTile<Sixteen512, Vector512<float>>(args, batch, kvHead, tile * TileRows, TileRows, memory);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                RunTile<Sixteen256, Pair256>(args, batch, kvHead, tile * TileRows, TileRows, memory);
            }
            else
            {
                RunTile<Sixteen128, Quad128>(args, batch, kvHead, tile * TileRows, TileRows, memory);
            }
        }
    }

    /// <summary>Computes up to <paramref name="maxRows"/> rows of one kv head from <paramref name="firstRow"/> on; <paramref name="memory"/> holds Tile.Bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void RunTile<L, V>(
        in AttentionArgs args, int batch, int kvHead, int firstRow, int maxRows, float* memory)
        where L : ISixteen<V>
        where V : unmanaged
    {
        Tile tile = new(args, batch, kvHead, firstRow, maxRows, memory);
        if (args.Modifiers.TopK > 0)
        {
            ChooseStored<L, V>(args, tile);
        }

        tile.BeginRuns(args);
        int end = tile.LastEnd;
        for (int start = tile.FirstBegin / TileKeys * TileKeys; start < end; start += TileKeys)
        {
            if (!tile.Meets(args, start))
            {
                continue;
            }

            float* panels = KeyPanels<L, V>(args, tile, start, Math.Min(end, start + TileKeys));
            Scores<L, V>(args, tile, start, panels);
            for (int r = 0; r < tile.Rows; r++)
            {
                Weigh<L, V>(args, tile, r, start);
            }

            AddValues<L, V>(args, tile, start, ValueRows<L, V>(args, tile, start, Math.Min(end, start + TileKeys)));
        }

        for (int r = 0; r < tile.Rows; r++)
        {
            Finish<L, V>(args, tile, r);
        }
    }

    /// <summary>Divides by the sum and stores one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Finish<L, V>(in AttentionArgs args, in Tile tile, int r)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int query = (tile.FirstRow + r) / tile.Group, head = tile.HeadOf(r);
        float sum = L.Sum(L.Load(tile.Sums + (r * 16))), max = tile.Maxima[r], rescale = 1f;
        bool seen = sum != 0f; // NaN counts as seen and spreads
        if (args.Modifiers.Sinks != null && seen)
        {
            rescale = AddSink(args.Modifiers.Sinks[head], ref max, ref sum);
        }

        float* target = args.Output + (tile.Batch * args.OutputBatchStride) + (query * args.OutputStride) + (head * args.OutputHeadStride);
        float* acc = tile.Accumulators + ((long)r * tile.ValueWidth);
        V total = L.Create(sum), factor = L.Create(rescale);
        for (int d = 0; d < args.ValueDim; d += 16)
        {
            V value = seen ? L.Divide(L.Multiply(L.Load(acc + d), factor), total) : L.Create(0f);
            int rest = args.ValueDim - d;
            if (rest >= 16)
            {
                L.Store(target + d, value);
            }
            else
            {
                L.StorePart(target + d, rest, value);
            }
        }

        if (args.LogSumExp != null)
        {
            float lse = seen ? Softmax.Join(max, sum) : float.NegativeInfinity;
            args.LogSumExp[((((long)tile.Batch * args.Heads) + head) * args.Queries) + query] = lse;
        }
    }
}
