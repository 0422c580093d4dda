namespace Heed.Kernels;

/// <content>Attention over a cache's panels, with every bound checked.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>
    /// Attention over keys [batch, kvHeads, ⌈capacity/16⌉, headDim, 16] and values [batch, kvHeads, capacity, valueDim], of the
    /// shape's type and laid out as <see cref="KvLayout"/> says, into a contiguous output [batch, queries, heads, valueDim]. Of the modifiers of scores: biases by distance
    /// [heads, distances] as <see cref="ScoreModifiers.DistanceCount"/> says, sinks, top-k, and runs of visible keys. Where rows share blocks,
    /// keys and values are [kvHeads, …] of all blocks.
    /// </summary>
    public static void OverPanels(in AttentionShape shape, ReadOnlySpan<float> q, ReadOnlySpan<float> panels, ReadOnlySpan<float> values,
        ReadOnlySpan<int> limits, ReadOnlySpan<int> firstKeys, Span<float> output, WorkerPool pool, in ScoreSpans scores = default, in KvBlocks blocks = default)
    {
        int distanceCount = scores.Distances.Length / shape.Heads;
        if (scores.Distances.Length > 0 && (distanceCount * shape.Heads != scores.Distances.Length || limits.IndexOfAnyExceptInRange(-1, distanceCount - 1) >= 0))
            throw new ArgumentException($"Attention: {scores.Distances.Length} biases by distance for {shape.Heads} heads; need more for each head than the last key's number.");
        if (scores.Sinks.Length != 0 && scores.Sinks.Length != shape.Heads)
            throw new ArgumentException($"Attention: {scores.Sinks.Length} sinks; need {shape.Heads}.");
        if (scores.Runs is { } seen && seen.Queries != limits.Length)
            throw new ArgumentException($"Attention: runs of keys for {seen.Queries} queries; need {limits.Length}.");
        KvLayout layout = new(shape.Stored, shape.HeadDim, shape.ValueDim);
        int slots = blocks.IsEmpty ? shape.KeyCapacity : blocks.Slots, owners = blocks.IsEmpty ? shape.Batch : 1;
        long keyHead = layout.KeyWords(slots), valueHead = layout.ValueWords(slots), kvHeads = (long)owners * shape.KvHeads;
        long lastQuery = (shape.Batch - 1L) * shape.QueryBatchStride + (shape.Queries - 1L) * shape.QueryStride
            + (shape.Heads - 1L) * shape.QueryHeadStride + shape.HeadDim;
        if (q.Length < lastQuery || panels.Length < kvHeads * keyHead || values.Length < kvHeads * valueHead
            || limits.Length != shape.Batch * shape.Queries || (!firstKeys.IsEmpty && firstKeys.Length != shape.Batch)
            || output.Length != (long)limits.Length * shape.Heads * shape.ValueDim)
            throw new ArgumentException($"Attention: the memory does not fit {shape}.");
        blocks.Check("Attention", shape, limits);
        fixed (float* queries = q, keys = panels, rows = values, to = output, distances = scores.Distances, sinks = scores.Sinks)
        fixed (int* table = blocks.Numbers, limit = limits, first = firstKeys, runStarts = scores.Runs is null ? default : scores.Runs.Starts, runs = scores.Runs is null ? default : scores.Runs.Bounds)
        {
            AttentionArgs args = SizesOf(shape) with
            {
                Query = queries,
                QueryBatchStride = shape.QueryBatchStride,
                QueryStride = shape.QueryStride,
                QueryHeadStride = shape.QueryHeadStride,
                Key = keys,
                KeyBatchStride = blocks.IsEmpty ? shape.KvHeads * keyHead : 0,
                KeyHeadStride = keyHead,
                Value = rows,
                ValueBatchStride = blocks.IsEmpty ? shape.KvHeads * valueHead : 0,
                ValueHeadStride = valueHead,
                ValueStride = layout.RowWords,
                Stored = shape.Stored,
                Output = to,
                Blocks = table,
                BlockSlots = blocks.Slots,
                Limits = limit,
                FirstKeys = first,
                Modifiers = new() { Distances = distances, DistanceCount = distanceCount, Sinks = sinks, TopK = scores.TopK, RunStarts = runStarts, Runs = runs },
            };
            Run(args, pool);
        }
    }

    /// <summary>The sizes of a shape and a contiguous output [batch, queries, heads, valueDim]; where its inputs lie is for the caller to say.</summary>
    private static AttentionArgs SizesOf(in AttentionShape shape) => new()
    {
        OutputBatchStride = (long)shape.Queries * shape.Heads * shape.ValueDim,
        OutputStride = (long)shape.Heads * shape.ValueDim,
        OutputHeadStride = shape.ValueDim,
        Batch = shape.Batch,
        Queries = shape.Queries,
        Heads = shape.Heads,
        KvHeads = shape.KvHeads,
        HeadDim = shape.HeadDim,
        ValueDim = shape.ValueDim,
        KeyCapacity = shape.KeyCapacity,
        Scale = shape.Scale,
        SoftCap = shape.SoftCap,
        Window = shape.Window,
    };
}
