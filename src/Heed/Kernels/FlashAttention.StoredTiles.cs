namespace Heed.Kernels;

/// <content>
/// The keys and values of one key tile as the products take them. Stored ones of another type than float32 are widened here, tile by
/// tile into scratch memory that stays in the cache: for the sixty-four rows of a tile once.
/// </content>
internal static unsafe partial class FlashAttention
{
    /// <summary>The panels of the key tile at <paramref name="start"/>: the cache's own, widened ones, or the plain keys repacked.</summary>
    private static float* KeyPanels<L, V>(in AttentionArgs args, in Tile tile, int start, int end)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int begin = Math.Max(start, tile.FirstBegin);
        if (args.KeyStride != 0)
        {
            KvPanels.Write(
                tile.Packed, begin - start, end - begin, tile.Keys + (begin * args.KeyStride), args.KeyStride, args.HeadDim);
            return tile.Packed;
        }

        KvLayout layout = args.Layout;
        float* panels = tile.Keys + ((long)(args.SlotOf(tile.Batch, start) / KvPanels.Width) * layout.PanelWords);
        if (args.Stored == KvCacheType.F32)
        {
            return panels;
        }

        int first = (begin - start) / KvPanels.Width, count = KvLayout.Panels(end - start) - first;
        KvWidening.Panels<L, V>(
            layout, panels + ((long)first * layout.PanelWords), count, tile.Packed + ((long)first * KvPanels.Width * args.HeadDim));
        return tile.Packed;
    }

    /// <summary>The values of that tile, <see cref="Tile.ValueStride"/> apart: where they lie, or widened ones.</summary>
    private static float* ValueRows<L, V>(in AttentionArgs args, in Tile tile, int start, int end)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* rows = tile.Values + (args.SlotOf(tile.Batch, start) * args.ValueStride);
        if (args.Stored == KvCacheType.F32)
        {
            return rows;
        }

        int first = Math.Max(start, tile.FirstBegin) - start;
        KvWidening.Rows<L, V>(
            args.Layout, rows + (first * args.ValueStride), end - start - first, tile.Widened + ((long)first * tile.ValueWidth), tile.ValueWidth);
        return tile.Widened;
    }
}
