using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <content>
/// The forward pass of training: many queries, plain keys, dropout, and the logsumexp for the backward pass. Scores are held
/// [key, query], so that the softmax runs down vector lanes and its weights feed the second product as they lie.
/// </content>
internal static unsafe partial class FlashAttention
{
    /// <summary>Computes all rows; keys must be plain.</summary>
    public static void Forward(in AttentionArgs args, WorkerPool pool)
    {
        long pairs = args.Check();
        int tiles = TilesOf(args.Queries);
        int heads = checked(args.Batch * args.KvHeads);
        bool alone = pool.Threads == 1 || pairs * args.Heads * (args.HeadDim + args.ValueDim) < InlineWork;

        // Keys are packed once per share: rows do not depend on each other, so the cut may depend on the threads.
        int shares = alone || heads >= 4 * pool.Threads ? 1 : Math.Clamp((4 * pool.Threads) / Math.Max(heads, 1), 1, Math.Max(tiles, 1));
        ForwardJob job = new(args, pool.Scratch, shares);
        if (alone)
        {
            for (int part = 0; part < heads; part++)
            {
                job.Execute(part);
            }
        }
        else
        {
            pool.Run(ref job, checked(heads * shares));
        }
    }

    private readonly struct ForwardJob(AttentionArgs args, ScratchPool scratch, int shares) : IPoolJob
    {
        public void Execute(int part)
        {
            NativeBuffer buffer = scratch.Rent(ForwardWork.Bytes(args));
            try
            {
                float* memory = (float*)buffer.Pointer;
                int batch = part / shares / args.KvHeads, kvHead = part / shares % args.KvHeads, share = part % shares;
                if (Vector512.IsHardwareAccelerated)
                {
                    ForwardPart<FloatLanes512, Vector512<float>, Sixteen512, Vector512<float>>(args, batch, kvHead, share, shares, memory);
                }
                else if (Vector256.IsHardwareAccelerated)
                {
                    ForwardPart<FloatLanes256, Vector256<float>, Sixteen256, Pair256>(args, batch, kvHead, share, shares, memory);
                }
                else
                {
                    ForwardPart<FloatLanes128, Vector128<float>, Sixteen128, Quad128>(args, batch, kvHead, share, shares, memory);
                }
            }
            finally
            {
                scratch.Return(buffer);
            }
        }
    }

    /// <summary>The query tiles share, share + shares, … of all heads of one kv head.</summary>
    internal static void ForwardPart<TLanes, TVector, L, V>(
        in AttentionArgs args, int batch, int kvHead, int share, int shares, float* memory)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        ForwardWork work = new(args, memory);
        int group = args.Heads / args.KvHeads, tiles = TilesOf(args.Queries);
        if (!PackForward<L, V>(args, work, batch, kvHead))
        {
            for (int tile = share; tile < tiles; tile += shares)
            {
                ForwardScalar(args, batch, kvHead, tile * TileRows, Math.Min(args.Queries, (tile + 1) * TileRows));
            }

            return;
        }

        for (int head = kvHead * group; head < (kvHead + 1) * group; head++)
        {
            for (int tile = share; tile < tiles; tile += shares)
            {
                ForwardTile<TLanes, TVector, L, V>(args, work, batch, kvHead, head, tile);
            }
        }
    }

    /// <summary>Packs keys [tile, headDim, 64] and values (if there are any) [tile, panels, 64, 32]; false where a visible value is not finite.</summary>
    private static bool PackForward<L, V>(in AttentionArgs args, in ForwardWork work, int batch, int kvHead)
        where L : ISixteen<V>
        where V : unmanaged
    {
        (int first, int end) = VisibleKeys(args, batch);
        float* keys = args.Key + (batch * args.KeyBatchStride) + (kvHead * args.KeyHeadStride);
        float* values = args.Value + (batch * args.ValueBatchStride) + (kvHead * args.ValueHeadStride);
        bool finite = true;
        for (int start = first / TileKeys * TileKeys; start < end && finite; start += TileKeys)
        {
            int from = Math.Max(first - start, 0), to = Math.Min(end - start, TileKeys);
            StageRange<L, V>(keys + (start * args.KeyStride), args.KeyStride, from, to, args.HeadDim, work.Staged, work.KeyPitch);
            TilePacking.Transpose(work.Staged, work.KeyPitch, TileKeys, args.HeadDim, work.Keys + ((long)start * args.HeadDim), TileKeys);
            if (args.Value == null)
            {
                continue;
            }

            finite = StageRange<L, V>(values + (start * args.ValueStride), args.ValueStride, from, to, args.ValueDim, work.Staged, work.ValuePitch);
            RowPanels<L, V>(work.Staged, work.ValuePitch, work.Values + ((long)start * work.ValuePitch));
        }

        return finite;
    }

    private static void ForwardTile<TLanes, TVector, L, V>(
        in AttentionArgs args, in ForwardWork work, int batch, int kvHead, int head, int tile)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        QueryRows rows = new(args, batch, tile, null, work.RowMemory);
        StageQueries<L, V>(args, work, rows, batch, head);
        work.Begin(args, batch, head, rows);
        args.Counter?.Add(0, (long)rows.Count * (args.HeadDim + args.ValueDim));
        if (args.Modifiers.TopK > 0)
        {
            ChooseKeys<TLanes, TVector, L, V>(args, work, rows, batch, head);
        }

        KeyTileWalk walk = new(args, rows, batch, head);
        while (walk.Next())
        {
            ScoreTile keys = ColumnTile(args, work.Scoring, rows, batch, head, walk);
            if (args.Modifiers.TopK > 0)
            {
                keys.Least = work.Scoring.Least;
                keys.LastTies = work.Scoring.LastTies;
            }

            (int from0, int to0) = keys.KeysOf(rows, 0, Panel);
            (int from1, int to1) = keys.KeysOf(rows, Panel, TileRows);
            if ((from0, to0) == (from1, to1))
            {
                ForwardKeys<TLanes, TVector, L, V>(args, work, rows, keys, from0, to0, 0, rows.Count);
            }
            else
            {
                ForwardKeys<TLanes, TVector, L, V>(args, work, rows, keys, from0, to0, 0, Math.Min(rows.Count, Panel));
                ForwardKeys<TLanes, TVector, L, V>(args, work, rows, keys, from1, to1, Panel, rows.Count);
            }
        }

        for (int r = 0; r < rows.Count; r++)
        {
            FinishForward<L, V>(args, work, batch, head, rows.Query + r, r);
        }
    }

    private static void StageQueries<L, V>(in AttentionArgs args, in ForwardWork work, in QueryRows rows, int batch, int head)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* query = args.Query + (batch * args.QueryBatchStride) + (rows.Query * args.QueryStride) + (head * args.QueryHeadStride);
        StageSeeing<L, V>(query, args.QueryStride, rows, args.HeadDim, work.Staged, work.KeyPitch);
        ColumnPanels(work.Staged, work.KeyPitch, args.HeadDim, work.Queries);
    }

    /// <summary>Adds keys from … to of the tile at start to the rows first … end; first is 0 or 32.</summary>
    private static void ForwardKeys<TLanes, TVector, L, V>(
        in AttentionArgs args, in ForwardWork work, in QueryRows rows, in ScoreTile tile, int from, int to, int first, int end)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (from >= to || first >= end)
        {
            return;
        }

        int dim = args.HeadDim, keys = to - from, pitch = work.ValuePitch;
        ColumnProducts<TLanes, TVector>(dim, work, tile.Start, from, to, first, end);
        for (int r = first; r < end; r += 16)
        {
            WeighColumn<L, V>(args, work, rows, tile, from, to, r);
        }

        Product<TLanes, TVector>(end - first, pitch / Panel, keys, work.Scores + (from * TileRows) + first, TileRows,
            work.Values + ((long)tile.Start * pitch) + (from * Panel), TileKeys * Panel, work.Accumulators + (first * pitch), pitch, resume: true);
        args.Counter?.Add((long)keys * (end - first) * (dim + args.ValueDim), (long)keys * (dim + args.ValueDim));
    }

    /// <summary>Products of keys from … to of the tile at start and rows first … end, [key, query].</summary>
    private static void ColumnProducts<TLanes, TVector>(int dim, in ForwardWork work, int start, int from, int to, int first, int end)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        => Product<TLanes, TVector>(to - from, (end - first + Panel - 1) / Panel, dim, work.Keys + ((long)start * dim) + from, TileKeys,
            work.Queries + (first * dim), Panel * dim, work.Scores + (from * TileRows) + first, TileRows, resume: false);
}
