namespace Heed.Kernels;

/// <content>All heads of a call, on the threads of a pool.</content>
internal static unsafe partial class KvStore
{
    // Below so many numbers waking the pool costs more than it brings.
    private const int InlineNumbers = 1 << 15;

    /// <summary>
    /// Keys [batch, queries, kvHeads, headDim] and values [batch, queries, kvHeads, valueDim], whose rows are a stride apart, into the
    /// slots of their positions [batch, queries]. Heads have memory of their own, so that no number depends on the threads.
    /// </summary>
    public static void All(in AttentionShape shape, ReadOnlySpan<float> keys, int keyStride, ReadOnlySpan<float> values, int valueStride,
        ReadOnlySpan<int> positions, Span<float> panels, Span<float> rows, WorkerPool pool, in KvBlocks blocks = default)
    {
        KvLayout layout = new(shape.Stored, shape.HeadDim, shape.ValueDim);
        long heads = (long)shape.Batch * shape.KvHeads, stored = blocks.IsEmpty ? heads : shape.KvHeads;
        int slots = blocks.IsEmpty ? shape.KeyCapacity : blocks.Slots;
        if (positions.Length != (long)shape.Batch * shape.Queries || panels.Length < stored * layout.KeyWords(slots) || rows.Length < stored * layout.ValueWords(slots))
            throw new ArgumentException($"KvStore.All: {positions.Length} positions, {panels.Length} words for keys and {rows.Length} for values do not fit {shape}.");
        blocks.Check("KvStore.All", shape, positions);
        int parts = checked(2 * (int)heads);
        fixed (float* k = keys, v = values, toPanels = panels, toRows = rows)
        fixed (int* at = positions, table = blocks.Numbers)
        {
            StoreJob job = new(shape, layout, slots, table, new Source(k, keys.Length, keyStride), new Source(v, values.Length, valueStride), at, toPanels, toRows);
            if (pool.Threads > 1 && (long)positions.Length * shape.KvHeads * (shape.HeadDim + shape.ValueDim) >= InlineNumbers)
            {
                pool.Run(ref job, parts);
                return;
            }
            for (int part = 0; part < parts; part++) job.Execute(part);
        }
    }

    /// <summary>The rows of all tokens.</summary>
    private readonly struct Source(float* elements, int length, int stride)
    {
        public int Stride => stride;

        /// <summary>From some row's head on.</summary>
        public ReadOnlySpan<float> From(int row, int offset)
        {
            long first = ((long)row * stride) + offset;
            return first > length ? default : new ReadOnlySpan<float>(elements + first, (int)(length - first));
        }
    }

    /// <summary>A part is the keys or the values of one head of one batch row.</summary>
    private readonly struct StoreJob(AttentionShape shape, KvLayout layout, int count, int* blocks, Source keys, Source values, int* positions, float* panels, float* rows) : IPoolJob
    {
        public void Execute(int part)
        {
            int place = part / 2, batch = place / shape.KvHeads, head = place % shape.KvHeads, first = batch * shape.Queries;
            ReadOnlySpan<int> at = new(positions + first, shape.Queries);
            int own = blocks == null ? place : head, perRow = blocks == null ? 0 : shape.KeyCapacity / KvPlaces.Block;
            KvPlaces places = new(new KvSlots(count), new ReadOnlySpan<int>(blocks + (batch * perRow), perRow));
            if (part % 2 == 0)
            {
                long words = layout.KeyWords(count);
                Keys(keys.From(first, head * layout.HeadDim), keys.Stride, at, layout, places, new Span<float>(panels + (own * words), (int)words));
            }
            else
            {
                long words = layout.ValueWords(count);
                Values(values.From(first, head * layout.ValueDim), values.Stride, at, layout, places, new Span<float>(rows + (own * words), (int)words));
            }
        }
    }
}
