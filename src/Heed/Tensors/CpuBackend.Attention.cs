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
        int seq = keys.Seq, heads = keys.Count, keyStride = keys.RowStride, valueStride = values.RowStride;
        if (positions.IsEmpty) return;
        ReadOnlySpan<float> k = keys.Elements<float>(), v = values.Elements<float>();
        Span<float> panels = stored.Keys.Span<float>(stored.Keys.ElementCount), rows = stored.Values.Span<float>(stored.Values.ElementCount);
        int keySize = stored.Keys.Stride(1), valueSize = stored.Values.Stride(1);
        KvLayout layout = stored.Layout;
        KvSlots slots = new(stored.Slots);
        for (int row = 0; row < keys.Batch; row++)
        {
            ReadOnlySpan<int> at = positions.Slice(row * seq, seq);
            for (int head = 0; head < heads; head++)
            {
                int place = row * heads + head;
                KvStore.Keys(k[(row * seq * keyStride + head * keys.Dim)..], keyStride, at, layout, slots, panels.Slice(place * keySize, keySize));
                KvStore.Values(v[(row * seq * valueStride + head * values.Dim)..], valueStride, at, layout, slots, rows.Slice(place * valueSize, valueSize));
            }
        }
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
            KeyCapacity = stored.Slots,
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
            modifiers is null ? default : new ScoreSpans { Distances = Floats(modifiers.Distances), Sinks = Floats(modifiers.Sinks), TopK = modifiers.TopK, Runs = modifiers.Runs });
    }
}
