using System.Runtime.CompilerServices;
using Heed.Kernels.Quantization;

namespace Heed.Kernels;

/// <summary>Stored keys and values of some slots as float32: those of one key tile, into scratch memory, or single numbers. Exact.</summary>
internal static unsafe class KvWidening
{
    /// <summary>Panels that follow one another to panels of float32.</summary>
    /// <param name="layout">Not of float32.</param>
    /// <param name="panels">The first one.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">[count, headDim, 16].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Panels<L, V>(in KvLayout layout, float* panels, int count, float* destination)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int dim = layout.HeadDim;
        if (layout.Type == KvCacheType.F16)
        {
            Halves<L, V>((ushort*)panels, (long)count * dim * KvPanels.Width, destination);
            return;
        }
        int blocks = KvLayout.Blocks(dim);
        for (int p = 0; p < count; p++, panels += layout.PanelWords)
        {
            ushort* scales = (ushort*)panels;
            sbyte* quants = (sbyte*)(scales + (blocks * KvPanels.Width));
            for (int d = 0; d < dim; scales += KvPanels.Width)
            {
                V scale = L.LoadHalf(scales);
                for (int end = Math.Min(d + KvLayout.Block, dim); d < end; d++, quants += KvPanels.Width, destination += KvPanels.Width)
                    L.Store(destination, L.Multiply(L.LoadSigned(quants), scale));
            }
        }
    }

    /// <summary>Rows that follow one another to rows of float32.</summary>
    /// <param name="layout">Not of float32.</param>
    /// <param name="rows">The first one.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">[count, width]; what is beyond the size of a value is not written.</param>
    /// <param name="width">Floats from row to row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows<L, V>(in KvLayout layout, float* rows, int count, float* destination, int width)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int dim = layout.ValueDim, words = layout.RowWords, blocks = KvLayout.Blocks(dim);
        if (layout.Type == KvCacheType.F16 && dim == width && dim % 2 == 0)
        {
            Halves<L, V>((ushort*)rows, (long)count * dim, destination);
            return;
        }
        for (int r = 0; r < count; r++, rows += words, destination += width)
        {
            if (layout.Type == KvCacheType.F16) Halves<L, V>((ushort*)rows, dim, destination);
            else Bytes<L, V>((ushort*)rows, (sbyte*)((ushort*)rows + blocks), dim, destination);
        }
    }

    /// <summary>One component of a stored key; <paramref name="keys"/> begins at the head's first panel.</summary>
    public static float Key(in KvLayout layout, float* keys, int slot, int d)
    {
        float* panel = keys + ((long)(slot / KvPanels.Width) * layout.PanelWords);
        int lane = slot % KvPanels.Width, at = (d * KvPanels.Width) + lane;
        if (layout.Type == KvCacheType.F32) return panel[at];
        ushort* halves = (ushort*)panel;
        if (layout.Type == KvCacheType.F16) return HalfPrecision.ToFloat(halves[at]);
        sbyte* quants = (sbyte*)(halves + (KvLayout.Blocks(layout.HeadDim) * KvPanels.Width));
        return quants[at] * HalfPrecision.ToFloat(halves[(d / KvLayout.Block * KvPanels.Width) + lane]);
    }

    /// <summary>One component of a stored value.</summary>
    public static float Value(in KvLayout layout, float* row, int d)
    {
        if (layout.Type == KvCacheType.F32) return row[d];
        ushort* halves = (ushort*)row;
        if (layout.Type == KvCacheType.F16) return HalfPrecision.ToFloat(halves[d]);
        sbyte* quants = (sbyte*)(halves + KvLayout.Blocks(layout.ValueDim));
        return quants[d] * HalfPrecision.ToFloat(halves[d / KvLayout.Block]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Halves<L, V>(ushort* source, long count, float* destination)
        where L : ISixteen<V>
        where V : unmanaged
    {
        long i = 0;
        for (; i <= count - 16; i += 16) L.Store(destination + i, L.LoadNormalHalf(source + i));
        for (; i < count; i++) destination[i] = HalfPrecision.ToFloat(source[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Bytes<L, V>(ushort* scales, sbyte* quants, int count, float* destination)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int i = 0;
        for (; i <= count - 32; i += 32)
        {
            V scale = L.Create(HalfPrecision.ToFloat(scales[i / KvLayout.Block]));
            L.Store(destination + i, L.Multiply(L.LoadSigned(quants + i), scale));
            L.Store(destination + i + 16, L.Multiply(L.LoadSigned(quants + i + 16), scale));
        }
        for (; i < count; i++) destination[i] = quants[i] * HalfPrecision.ToFloat(scales[i / KvLayout.Block]);
    }
}
