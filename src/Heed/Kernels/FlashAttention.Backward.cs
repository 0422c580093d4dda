using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <content>
/// The backward pass: weights are computed again from the logsumexp, tile by tile, so that memory grows with the length and
/// not with its square. Five products per tile: the scores, dP = dO vᵀ, and what P and dS give to dv, dk and dq.
/// </content>
internal static unsafe partial class FlashAttention
{
    // With fewer kv heads than this their key tiles are dealt out to several parts; a fixed number, so that the threads do
    // not matter to the order of sums.
    private const int MinBackwardParts = 8;

    // Query tiles that stay in the second-level cache while all key tiles pass by: 640 KiB of them at heads of 64.
    internal const int QueryBlock = 8;

    /// <summary>The parts into which each kv head's key tiles are dealt.</summary>
    internal static int BackwardShares(in AttentionArgs args)
    {
        int heads = args.Batch * args.KvHeads;
        return heads is 0 or >= MinBackwardParts
            ? 1
            : Math.Clamp((MinBackwardParts + heads - 1) / heads, 1, Math.Max(1, TilesOf(args.KeyCapacity)));
    }

    /// <summary>Overwrites the gradients of queries, keys and values.</summary>
    public static void Backward(in AttentionGradientArgs args, WorkerPool pool)
    {
        AttentionArgs forward = args.Forward;
        long work = forward.Check() * forward.Heads * (forward.HeadDim + forward.ValueDim);
        int shares = BackwardShares(forward);
        int parts = checked(forward.Batch * forward.KvHeads * shares);
        bool alone = pool.Threads == 1 || work < InlineWork;
        NativeBuffer? partials = shares == 1 ? null : pool.Scratch.Rent(shares * PartialFloats(forward) * sizeof(float));
        try
        {
            BackwardJob job = new(args, pool.Scratch, shares, partials == null ? 0 : (nint)partials.Pointer);
            Share(pool, ref job, parts, alone);
            if (partials != null)
            {
                SumPartialsJob sum = new(args, shares, (nint)partials.Pointer);
                Share(pool, ref sum, forward.Batch * forward.Heads, alone);
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

    /// <summary>Floats of one share's part of the queries' gradient, [batch, heads, queries, headDim].</summary>
    internal static long PartialFloats(in AttentionArgs args) => (long)args.Batch * args.Heads * args.Queries * args.HeadDim;

    private readonly struct BackwardJob(AttentionGradientArgs args, ScratchPool scratch, int shares, nint partials) : IPoolJob
    {
        public void Execute(int part)
        {
            NativeBuffer buffer = scratch.Rent(BackwardWork.Bytes(args.Forward, shares));
            try
            {
                float* memory = (float*)buffer.Pointer;
                BackwardPart place = new(args.Forward, part, shares, (float*)partials);
                if (Vector512.IsHardwareAccelerated)
                {
                    RunBackward<FloatLanes512, Vector512<float>, Sixteen512, Vector512<float>>(args, place, memory);
                }
                else if (Vector256.IsHardwareAccelerated)
                {
                    RunBackward<FloatLanes256, Vector256<float>, Sixteen256, Pair256>(args, place, memory);
                }
                else
                {
                    RunBackward<FloatLanes128, Vector128<float>, Sixteen128, Quad128>(args, place, memory);
                }
            }
            finally
            {
                scratch.Return(buffer);
            }
        }
    }

    /// <summary>The shares' parts of one head's query gradient, summed in their order.</summary>
    private readonly struct SumPartialsJob(AttentionGradientArgs args, int shares, nint partials) : IPoolJob
    {
        public void Execute(int part)
        {
            int batch = part / args.Forward.Heads, head = part % args.Forward.Heads, dim = args.Forward.HeadDim;
            float* source = (float*)partials + ((long)part * args.Forward.Queries * dim);
            for (int i = 0; i < args.Forward.Queries; i++, source += dim)
            {
                SumPartials(source, PartialFloats(args.Forward), shares, dim, QueryGradient(args, batch, head, i));
            }
        }
    }

    /// <summary>All heads' sums, for callers that run the parts themselves.</summary>
    internal static void SumPartials(in AttentionGradientArgs args, int shares, float* partials)
    {
        SumPartialsJob sum = new(args, shares, (nint)partials);
        for (int part = 0; part < args.Forward.Batch * args.Forward.Heads && shares > 1; part++)
        {
            sum.Execute(part);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumPartials(float* source, long step, int shares, int dim, float* target)
    {
        for (int d = 0; d < dim; d++)
        {
            float sum = source[d];
            for (int s = 1; s < shares; s++)
            {
                sum += source[(s * step) + d];
            }

            target[d] = sum;
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

        for (int head = part.KvHead * group; head < (part.KvHead + 1) * group; head++)
        {
            if (!PackQueries<L, V>(args, part, work, head))
            {
                return false;
            }

            for (int tile = 0; tile < queryTiles; tile += QueryBlock)
            {
                BackwardBlock<TLanes, TVector, L, V>(forward, part, work, tile, Math.Min(queryTiles, tile + QueryBlock));
            }

            StoreQueryGradient<L, V>(args, part, work, head);
        }

        StoreKeyGradients<L, V>(args, part, work);
        return true;
    }

    /// <summary>Query tiles first up to end against all key tiles; every sum still runs in ascending order.</summary>
    private static void BackwardBlock<TLanes, TVector, L, V>(in AttentionArgs args, in BackwardPart part, in BackwardWork work, int first, int end)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        int keyTiles = TilesOf(args.KeyCapacity);
        for (int key = part.Share; key < keyTiles; key += part.Shares)
        {
            bool met = false;
            for (int tile = first; tile < end; tile++)
            {
                if (work.Rows[tile].Meets(key * TileKeys))
                {
                    met = true;
                    BackwardTile<TLanes, TVector, L, V>(args, work, work.Rows[tile], tile, key, key / part.Shares);
                }
            }

            if (met)
            {
                args.Counter?.Add(0, Math.Min(TileKeys, args.KeyCapacity - (key * TileKeys)) * ((4L * args.HeadDim) + (3L * args.ValueDim)));
            }
        }
    }
}
