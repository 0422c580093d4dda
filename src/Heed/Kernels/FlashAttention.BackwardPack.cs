using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>Packing what the backward pass reads, and storing what it gives.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>False where a visible key is not finite; values count only in products that are masked.</summary>
    private static bool PackKeys<L, V>(in AttentionArgs args, in BackwardPart part, in BackwardWork work)
        where L : ISixteen<V>
        where V : unmanaged
    {
        (int first, int end) = VisibleKeys(args, part.Batch);
        float* keys = args.Key + (part.Batch * args.KeyBatchStride) + (part.KvHead * args.KeyHeadStride);
        float* values = args.Value + (part.Batch * args.ValueBatchStride) + (part.KvHead * args.ValueHeadStride);
        bool finite = true;
        int tiles = TilesOf(args.KeyCapacity);
        for (int tile = part.Share; tile < tiles && finite; tile += part.Shares)
        {
            int start = tile * TileKeys, from = Math.Max(first - start, 0), to = Math.Min(end - start, TileKeys);
            if (from >= to)
            {
                continue;
            }

            long at = (long)(tile / part.Shares) * TileKeys;
            finite = StageRange<L, V>(keys + (start * args.KeyStride), args.KeyStride, from, to, args.HeadDim, work.Staged, work.KeyPitch);
            ColumnPanels(work.Staged, work.KeyPitch, args.HeadDim, work.KeyColumns + (at * args.HeadDim));
            RowPanels<L, V>(work.Staged, work.KeyPitch, work.KeyRows + (at * work.KeyPitch));
            StageRange<L, V>(values + (start * args.ValueStride), args.ValueStride, from, to, args.ValueDim, work.Staged, work.ValuePitch);
            ColumnPanels(work.Staged, work.ValuePitch, args.ValueDim, work.ValueColumns + (at * args.ValueDim));
        }

        return finite;
    }

    /// <summary>False where a query that sees something, or the gradient of its result, is not finite.</summary>
    private static bool PackQueries<L, V>(in AttentionGradientArgs args, in BackwardPart part, in BackwardWork work, int head)
        where L : ISixteen<V>
        where V : unmanaged
    {
        AttentionArgs forward = args.Forward;
        long row = (((long)part.Batch * forward.Heads) + head) * forward.Queries;
        float* logSumExp = forward.LogSumExp + row;
        int tiles = TilesOf(forward.Queries);
        bool finite = true;
        for (int tile = 0; tile < tiles && finite; tile++)
        {
            long at = (long)tile * TileRows;
            QueryRows rows = work.Rows[tile] = new(forward, part.Batch, tile, logSumExp, work.RowMemory + (at * 2));
            float* query = forward.Query + (part.Batch * forward.QueryBatchStride) + (at * forward.QueryStride) + (head * forward.QueryHeadStride);
            finite = StageSeeing<L, V>(query, forward.QueryStride, rows, forward.HeadDim, work.Staged, work.KeyPitch);
            TilePacking.Transpose(work.Staged, work.KeyPitch, TileRows, forward.HeadDim, work.QueryColumns + (at * forward.HeadDim), TileRows);
            RowPanels<L, V>(work.Staged, work.KeyPitch, work.QueryRowPanels + (at * work.KeyPitch));

            long output = (part.Batch * forward.OutputBatchStride) + (at * forward.OutputStride) + (head * forward.OutputHeadStride);
            finite &= StageSeeing<L, V>(args.OutputGradient + output, forward.OutputStride, rows, forward.ValueDim, work.Staged, work.ValuePitch);
            TilePacking.Transpose(work.Staged, work.ValuePitch, TileRows, forward.ValueDim, work.OutputColumns + (at * forward.ValueDim), TileRows);
            RowPanels<L, V>(work.Staged, work.ValuePitch, work.OutputRowPanels + (at * work.ValuePitch));
            for (int r = 0; r < rows.Count; r++)
            {
                work.LogSumExp[at + r] = logSumExp[at + r];
                work.Deltas[at + r] = Delta<L, V>(work.Staged + (r * work.ValuePitch), forward.Output + output + (r * forward.OutputStride), forward.ValueDim);
                work.DropoutKeys[at + r] = DropoutStream.RowKey(forward.DropoutSeed, forward.DropoutRow(part.Batch, head, (int)at + r));
            }
        }

        new Span<float>(work.QueryGradients, tiles * TileRows * work.KeyPitch).Clear();
        return finite;
    }

    /// <summary>Σ dO·O of one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Delta<L, V>(float* gradient, float* output, int dim)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V sum = L.Create(0f);
        for (int d = 0; d < dim; d += 16)
        {
            V o = d + 16 <= dim ? L.Load(output + d) : L.LoadPart(output + d, dim - d, 0f);
            sum = L.Fma(L.Load(gradient + d), o, sum);
        }

        return L.Sum(sum);
    }

    private static void StoreQueryGradient<L, V>(in AttentionGradientArgs args, in BackwardPart part, in BackwardWork work, int head)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int i = 0; i < args.Forward.Queries; i++)
        {
            StoreRow<L, V>(work.QueryGradients + ((long)i * work.KeyPitch), args.Forward.HeadDim, part.Target(args, head, i));
        }
    }

    private static void StoreKeyGradients<L, V>(in AttentionGradientArgs args, in BackwardPart part, in BackwardWork work)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* keys = args.KeyGradient + (part.Batch * args.KeyGradientBatchStride) + (part.KvHead * args.KeyGradientHeadStride);
        float* values = args.ValueGradient + (part.Batch * args.ValueGradientBatchStride) + (part.KvHead * args.ValueGradientHeadStride);
        for (int key = part.Share * TileKeys; key < args.Forward.KeyCapacity; key += part.Shares * TileKeys)
        {
            long at = (long)key / part.Shares / TileKeys * TileKeys;
            for (int r = 0; r < Math.Min(TileKeys, args.Forward.KeyCapacity - key); r++)
            {
                StoreRow<L, V>(work.KeyGradients + ((at + r) * work.KeyPitch), args.Forward.HeadDim, keys + ((key + r) * args.KeyGradientStride));
                StoreRow<L, V>(work.ValueGradients + ((at + r) * work.ValuePitch), args.Forward.ValueDim, values + ((key + r) * args.ValueGradientStride));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StoreRow<L, V>(float* source, int dim, float* target)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int d = 0; d < dim; d += 16)
        {
            L.StorePart(target + d, Math.Min(16, dim - d), L.Load(source + d));
        }
    }
}
