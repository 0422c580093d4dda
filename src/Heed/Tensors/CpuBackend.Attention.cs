using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Rotary positions, stored keys and values, and attention over them.</content>
internal sealed partial class CpuBackend
{
    public void Rope(in HeadRange x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout, bool inverse = false) =>
        Kernels.Rope.Apply(x.Elements<float>(), x.RowStride, positions, x.Count, x.Dim, 2 * cos.Shape[1],
            cos.Span<float>(cos.ElementCount), sin.Span<float>(sin.ElementCount), layout, inverse);

    public void StoreKeyValues(in HeadRange keys, in HeadRange values, ReadOnlySpan<int> positions, Tensor keyPanels, Tensor valueRows)
    {
        int seq = keys.Seq, heads = keys.Count, keyStride = keys.RowStride, valueStride = values.RowStride;
        if (positions.IsEmpty) return;
        ReadOnlySpan<float> k = keys.Elements<float>(), v = values.Elements<float>();
        Span<float> panels = keyPanels.Span<float>(keyPanels.ElementCount), rows = valueRows.Span<float>(valueRows.ElementCount);
        int keySize = keyPanels.Stride(1), valueSize = valueRows.Stride(1);
        KvSlots slots = new(valueRows.Shape[2]);
        for (int row = 0; row < keys.Batch; row++)
        {
            ReadOnlySpan<int> at = positions.Slice(row * seq, seq);
            for (int head = 0; head < heads; head++)
            {
                int place = row * heads + head;
                KvStore.Keys(k[(row * seq * keyStride + head * keys.Dim)..], keyStride, at, keys.Dim, slots, panels.Slice(place * keySize, keySize));
                KvStore.Values(v[(row * seq * valueStride + head * values.Dim)..], valueStride, at, values.Dim, slots, rows.Slice(place * valueSize, valueSize));
            }
        }
    }

    public void Attention(in HeadRange q, Tensor keyPanels, Tensor valueRows, ReadOnlySpan<int> limits, ReadOnlySpan<int> firstKeys,
        in AttentionOptions options, Tensor destination, AttentionModifiers? modifiers = null)
    {
        if (destination.ElementCount == 0) return;
        int stride = q.RowStride;
        AttentionShape shape = new()
        {
            Batch = q.Batch,
            Queries = q.Seq,
            Heads = q.Count,
            KvHeads = valueRows.Shape[1],
            HeadDim = q.Dim,
            ValueDim = valueRows.Shape[3],
            KeyCapacity = valueRows.Shape[2],
            QueryBatchStride = q.Seq * stride,
            QueryStride = stride,
            QueryHeadStride = q.Dim,
            Scale = options.Scale,
            SoftCap = options.SoftCap,
            Window = options.Window,
        };
        FlashAttention.OverPanels(shape, q.Elements<float>(), keyPanels.Span<float>(keyPanels.ElementCount),
            valueRows.Span<float>(valueRows.ElementCount), limits, firstKeys, destination.Span<float>(destination.ElementCount), _pool,
            modifiers is null ? default : new ScoreSpans { Distances = Floats(modifiers.Distances), Sinks = Floats(modifiers.Sinks), TopK = modifiers.TopK, Runs = modifiers.Runs });
    }
}
