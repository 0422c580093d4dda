using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Rotary positions, stored keys and values, and attention over them.</content>
internal sealed partial class CpuBackend
{
    public void Rope(Tensor x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout)
    {
        int batch = x.Shape[0], seq = x.Shape[1], heads = x.Shape[2], headDim = x.Shape[3], half = cos.Shape[1];
        if (x.ElementCount == 0) return;
        if (x.Stride(2) != headDim && heads > 1)
        {
            RopeHeadByHead(x, cos, sin, positions, layout);
            return;
        }
        Span<float> data = x.Extent<float>();
        ReadOnlySpan<float> c = cos.Span<float>(cos.ElementCount), s = sin.Span<float>(sin.ElementCount);
        Kernels.RopeLayout pairs = (Kernels.RopeLayout)layout;
        if (x.Stride(0) == seq * x.Stride(1) || batch == 1)
        {
            Kernels.Rope.Apply(data, x.Stride(1), positions, heads, headDim, 2 * half, c, s, pairs);
            return;
        }
        for (int row = 0; row < batch; row++)
            Kernels.Rope.Apply(data[(row * x.Stride(0))..], x.Stride(1), positions.Slice(row * seq, seq), heads, headDim, 2 * half, c, s, pairs);
    }

    public void StoreKeyValues(Tensor keys, Tensor values, ReadOnlySpan<int> positions, Tensor keyPanels, Tensor valueRows)
    {
        int batch = keys.Shape[0], seq = keys.Shape[1], heads = keys.Shape[2], keyDim = keys.Shape[3], valueDim = values.Shape[3];
        if (keys.ElementCount == 0) return;
        ReadOnlySpan<float> k = keys.Extent<float>(), v = values.Extent<float>();
        Span<float> panels = keyPanels.Span<float>(keyPanels.ElementCount), rows = valueRows.Span<float>(valueRows.ElementCount);
        int keySize = keyPanels.Stride(1), valueSize = valueRows.Stride(1);
        for (int row = 0; row < batch; row++)
        {
            ReadOnlySpan<int> at = positions.Slice(row * seq, seq);
            for (int head = 0; head < heads; head++)
            {
                int slot = row * heads + head;
                KvStore.Keys(k[(row * keys.Stride(0) + head * keys.Stride(2))..], keys.Stride(1), at, keyDim, panels.Slice(slot * keySize, keySize));
                KvStore.Values(v[(row * values.Stride(0) + head * values.Stride(2))..], values.Stride(1), at, valueDim, rows.Slice(slot * valueSize, valueSize));
            }
        }
    }

    public void Attention(Tensor q, Tensor keyPanels, Tensor valueRows, ReadOnlySpan<int> limits, ReadOnlySpan<int> firstKeys,
        in AttentionOptions options, Tensor destination)
    {
        if (destination.ElementCount == 0) return;
        AttentionShape shape = new()
        {
            Batch = q.Shape[0], Queries = q.Shape[1], Heads = q.Shape[2], KvHeads = valueRows.Shape[1],
            HeadDim = q.Shape[3], ValueDim = valueRows.Shape[3], KeyCapacity = valueRows.Shape[2],
            QueryBatchStride = q.Stride(0), QueryStride = q.Stride(1), QueryHeadStride = q.Stride(2),
            Scale = options.Scale, SoftCap = options.SoftCap, Window = options.Window,
        };
        FlashAttention.OverPanels(shape, q.Extent<float>(), keyPanels.Span<float>(keyPanels.ElementCount),
            valueRows.Span<float>(valueRows.ElementCount), limits, firstKeys, destination.Span<float>(destination.ElementCount), _pool);
    }

    private void RopeHeadByHead(Tensor x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout)
    {
        using TensorScope.Lease lease = TensorScope.Begin();
        for (int head = 0; head < x.Shape[2]; head++) Rope(x.Slice(2, head, 1), cos, sin, positions, layout);
    }
}
