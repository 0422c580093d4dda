using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Rotary positions, stored keys and values, and attention over them.</content>
internal sealed partial class CpuBackend
{
    public void Rope(in HeadRange x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout, bool inverse = false) =>
        Kernels.Rope.Apply(x.Elements<float>(), x.RowStride, positions, x.Count, x.Dim, 2 * cos.Shape[1],
            cos.Span<float>(cos.ElementCount), sin.Span<float>(sin.ElementCount), layout, inverse);

    public void StoreKeyValues(in HeadRange keys, in HeadRange values, ReadOnlySpan<int> positions, StoredKeyValues stored)
    {
        if (positions.IsEmpty) return;
        AttentionShape shape = new()
        {
            Batch = keys.Batch,
            Queries = keys.Seq,
            Heads = keys.Count,
            KvHeads = keys.Count,
            HeadDim = keys.Dim,
            ValueDim = values.Dim,
            KeyCapacity = stored.Capacity,
            Stored = stored.Layout.Type,
        };
        KvStore.All(shape, keys.Elements<float>(), keys.RowStride, values.Elements<float>(), values.RowStride, positions,
            stored.Keys.Span<float>(stored.Keys.ElementCount), stored.Values.Span<float>(stored.Values.ElementCount), _pool, stored.Blocks);
    }

    public void Attention(in HeadRange q, StoredKeyValues stored, ReadOnlySpan<int> limits, ReadOnlySpan<int> firstKeys,
        in AttentionOptions options, Tensor destination, AttentionModifiers? modifiers = null)
    {
        if (destination.ElementCount == 0) return;
        int stride = q.RowStride;
        AttentionShape shape = new()
        {
            Batch = q.Batch,
            Queries = q.Seq,
            Heads = q.Count,
            KvHeads = stored.KvHeads,
            HeadDim = q.Dim,
            ValueDim = stored.Layout.ValueDim,
            KeyCapacity = stored.Capacity,
            Stored = stored.Layout.Type,
            QueryBatchStride = q.Seq * stride,
            QueryStride = stride,
            QueryHeadStride = q.Dim,
            Scale = options.Scale,
            SoftCap = options.SoftCap,
            Window = options.Window,
        };
        FlashAttention.OverPanels(shape, q.Elements<float>(), stored.Keys.Span<float>(stored.Keys.ElementCount),
            stored.Values.Span<float>(stored.Values.ElementCount), limits, firstKeys, destination.Span<float>(destination.ElementCount), _pool,
            modifiers is null ? default : new ScoreSpans { Distances = Floats(modifiers.Distances), Sinks = Floats(modifiers.Sinks), TopK = modifiers.TopK, Runs = modifiers.Runs }, stored.Blocks);
    }
}
