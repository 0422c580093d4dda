using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <content>
/// The backward pass: weights are computed again from the logsumexp, tile by tile, so that memory grows with the length and
/// not with its square. Five products per tile: the scores, dP = dO vᵀ, and what P and dS give to dv, dk and dq.
/// </content>
internal static unsafe partial class FlashAttention
{
    // Query tiles that stay in the second-level cache while all key tiles pass by: 640 KiB of them at heads of 64.
    internal const int QueryBlock = 8;

    /// <summary>Overwrites the gradients of queries, keys and values, and of what modifies the scores where asked for.</summary>
    public static void Backward(in AttentionGradientArgs args, WorkerPool pool)
    {
        AttentionArgs forward = args.Forward;
        long work = forward.Check() * forward.Heads * (forward.HeadDim + forward.ValueDim);
        BackwardPlan plan = new(args);
        bool alone = pool.Threads == 1 || work < InlineWork;
        long floats = plan.PartialFloats(args);
        NativeBuffer? partials = floats == 0 ? null : pool.Scratch.Rent(floats * sizeof(float));
        try
        {
            nint memory = partials == null ? 0 : (nint)partials.Pointer;
            ClearBias(args);
            BackwardJob job = new(args, pool.Scratch, plan, memory);
            Share(pool, ref job, plan.Units, alone);
            if (plan.Shares > 1)
            {
                SumQueriesJob queries = new(args, plan.Shares, memory);
                Share(pool, ref queries, forward.Batch * forward.Heads, alone);
            }

            if (args.DistanceGradient != null || args.SinkGradient != null)
            {
                SumHeadsJob heads = new(args, plan.Shares, memory);
                Share(pool, ref heads, forward.Heads, alone);
            }
        }
        finally
        {
            if (partials != null)
            {
                pool.Scratch.Return(partials);
            }
        }
    }

    private static void ClearBias(in AttentionGradientArgs args)
    {
        if (args.BiasGradient != null)
        {
            new Span<float>(args.BiasGradient, checked((int)args.BiasFloats)).Clear();
        }
    }

    private static void Share<TJob>(WorkerPool pool, ref TJob job, int parts, bool alone)
        where TJob : struct, IPoolJob
    {
        if (!alone)
        {
            pool.Run(ref job, parts);
            return;
        }

        for (int part = 0; part < parts; part++)
        {
            job.Execute(part);
        }
    }

    private readonly struct BackwardJob(AttentionGradientArgs args, ScratchPool scratch, BackwardPlan plan, nint partials) : IPoolJob
    {
        public void Execute(int unit)
        {
            NativeBuffer buffer = scratch.Rent(BackwardWork.Bytes(args.Forward, plan.Shares));
            try
            {
                for (int run = 0; run < plan.Runs; run++)
                {
                    Execute(plan.Part(args, unit, run, (float*)partials), (float*)buffer.Pointer);
                }
            }
            finally
            {
                scratch.Return(buffer);
            }
        }

        private void Execute(in BackwardPart part, float* memory)
        {
            if (Vector512.IsHardwareAccelerated)
            {
                RunBackward<FloatLanes512, Vector512<float>, Sixteen512, Vector512<float>>(args, part, memory);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                RunBackward<FloatLanes256, Vector256<float>, Sixteen256, Pair256>(args, part, memory);
            }
            else
            {
                RunBackward<FloatLanes128, Vector128<float>, Sixteen128, Quad128>(args, part, memory);
            }
        }
    }

    private static float* QueryGradient(in AttentionGradientArgs args, int batch, int head, int query)
        => args.QueryGradient + (batch * args.QueryGradientBatchStride) + (query * args.QueryGradientStride) + (head * args.QueryGradientHeadStride);

    /// <summary>One share of one kv head.</summary>
    internal static void RunBackward<TLanes, TVector, L, V>(in AttentionGradientArgs args, in BackwardPart part, float* memory)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        BackwardWork work = new(args.Forward, part.Shares, memory);
        part.ClearDistances(args.Forward);
        if (!TryBackward<TLanes, TVector, L, V>(args, part, work))
        {
            BackwardScalar(args, part);
        }
    }

    /// <summary>False, with nothing that counts done, where a visible number is not finite.</summary>
    private static bool TryBackward<TLanes, TVector, L, V>(in AttentionGradientArgs args, in BackwardPart part, in BackwardWork work)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        AttentionArgs forward = args.Forward;
        int group = forward.Heads / forward.KvHeads, queryTiles = TilesOf(forward.Queries);
        if (!PackKeys<L, V>(forward, part, work))
        {
            return false;
        }

        // What the first heads add to the bias's gradient could not be taken back.
        for (int head = part.KvHead * group; head < (part.KvHead + 1) * group && args.BiasGradient != null && group > 1; head++)
        {
            if (!PackQueries<L, V>(args, part, work, head))
            {
                return false;
            }
        }

        for (int head = part.KvHead * group; head < (part.KvHead + 1) * group; head++)
        {
            if (!PackQueries<L, V>(args, part, work, head))
            {
                return false;
            }

            for (int tile = 0; tile < queryTiles; tile += QueryBlock)
            {
                BackwardBlock<TLanes, TVector, L, V>(args, part, work, head, tile, Math.Min(queryTiles, tile + QueryBlock));
            }

            StoreQueryGradient<L, V>(args, part, work, head);
        }

        StoreKeyGradients<L, V>(args, part, work);
        return true;
    }

    [InlineArray(QueryBlock)]
    private struct Walks
    {
        private KeyTileWalk _first;
    }

    /// <summary>Query tiles first up to end against all key tiles; every sum still runs in ascending order.</summary>
    private static void BackwardBlock<TLanes, TVector, L, V>(
        in AttentionGradientArgs gradients, in BackwardPart part, in BackwardWork work, int head, int first, int end)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        AttentionArgs args = gradients.Forward;
        int keyTiles = TilesOf(args.KeyCapacity);
        Walks walks = default;
        for (int tile = first; tile < end; tile++)
        {
            walks[tile - first] = new(args, work.Rows[tile], part.Batch, head);
        }

        for (int key = part.Share; key < keyTiles; key += part.Shares)
        {
            bool met = false;
            for (int tile = first; tile < end; tile++)
            {
                QueryRows rows = work.Rows[tile];
                ref KeyTileWalk walk = ref walks[tile - first];
                if (rows.Meets(key * TileKeys) && walk.Reach(key * TileKeys))
                {
                    met = true;
                    ScoreTile scores = RowTile(args, work.Scoring, rows, part.Batch, head, walk);
                    SlopeTargets targets = SlopeTargets.Of(gradients, part, head, rows.Query, scores.Start);
                    BackwardTile<TLanes, TVector, L, V>(args, work, rows, scores, targets, tile, key / part.Shares);
                }
            }

            if (met)
            {
                args.Counter?.Add(0, Math.Min(TileKeys, args.KeyCapacity - (key * TileKeys)) * ((4L * args.HeadDim) + (3L * args.ValueDim)));
            }
        }
    }
}
