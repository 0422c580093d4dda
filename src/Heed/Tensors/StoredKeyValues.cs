using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>
/// Keys and values of a layer's tokens, for each batch row and kv head, in memory that attention reads in place: on the CPU as
/// <see cref="KvLayout"/> says; where the device computes in float64, as float64 numbers that were rounded to the type.
/// </summary>
internal sealed class StoredKeyValues : IDisposable
{
    private readonly KvBlockTable? _table;

    private StoredKeyValues(Tensor keys, Tensor values, in KvLayout layout, int slots, KvBlockTable? table = null) =>
        (Keys, Values, Layout, Slots, _table) = (keys, values, layout, slots, table);

    /// <summary>[batch, kvHeads, panels, words of a panel]; the batch is 1 where rows share blocks.</summary>
    public Tensor Keys { get; }

    /// <summary>[batch, kvHeads, slots, words of a row].</summary>
    public Tensor Values { get; }

    /// <summary>The type of the numbers, and the sizes of a key and a value.</summary>
    public KvLayout Layout { get; }

    /// <summary>Slots of a row; where rows share blocks, of all blocks together.</summary>
    public int Slots { get; }

    /// <summary>The tokens of a row that there is room for.</summary>
    public int Capacity => _table?.Capacity ?? Slots;

    /// <summary>The blocks that rows share, or none.</summary>
    public KvBlocks Blocks => _table is null ? default : _table.Of(Slots);

    public int KvHeads => Values.Shape[1];

    /// <summary>The memory that they take.</summary>
    public long Bytes => ((long)Keys.ElementCount + Values.ElementCount) * (Keys.DType == DType.Float32 ? sizeof(float) : sizeof(double));

    /// <summary>Room with undefined contents, which its owner disposes of.</summary>
    public static StoredKeyValues Allocate(int batch, int kvHeads, int slots, in KvLayout layout, Device device)
    {
        KvLayout words = device.DType == DType.Float32 ? layout : layout with { Type = KvCacheType.F32 };
        Tensor keys = Tensor.AllocateOwned(new Shape(batch, kvHeads, KvLayout.Panels(slots), words.PanelWords), device);
        return new StoredKeyValues(keys, Tensor.AllocateOwned(new Shape(batch, kvHeads, slots, words.RowWords), device), layout, slots);
    }

    /// <summary>Those of one batch row: a view.</summary>
    public StoredKeyValues Row(int row) => new(Keys.Slice(0, row, 1), Values.Slice(0, row, 1), Layout, Slots);

    /// <summary>The same memory, as blocks that rows share; the owner stays what it was.</summary>
    public StoredKeyValues InBlocks(KvBlockTable table) => new(Keys, Values, Layout, Slots, table);

    /// <summary>In which batch row of the memory, and where in it, a row's tokens lie.</summary>
    public KvPlaces PlacesOf(int row, out int memoryRow)
    {
        memoryRow = _table is null ? row : 0;
        return _table is null ? new KvSlots(Slots) : _table.Of(row, Slots);
    }

    /// <summary>Memory of its own whose row i is what row rows[i] is here; undefined where that is −1.</summary>
    public StoredKeyValues Select(ReadOnlySpan<int> rows)
    {
        StoredKeyValues selected = Allocate(rows.Length, KvHeads, Slots, Layout, Keys.Device);
        using TensorScope.Lease lease = TensorScope.Begin();
        for (int i = 0; i < rows.Length; i++)
        {
            if (rows[i] < 0) continue;
            selected.Keys.Slice(0, i, 1).Assign(Keys.Slice(0, rows[i], 1));
            selected.Values.Slice(0, i, 1).Assign(Values.Slice(0, rows[i], 1));
        }
        return selected;
    }

    /// <summary>Copies one block's slots onto another's.</summary>
    public void CopyBlock(int from, int to)
    {
        const int Panels = KvPlaces.Block / KvPanels.Width;
        using TensorScope.Lease lease = TensorScope.Begin();
        Keys.Slice(2, to * Panels, Panels).Assign(Keys.Slice(2, from * Panels, Panels));
        Values.Slice(2, to * KvPlaces.Block, KvPlaces.Block).Assign(Values.Slice(2, from * KvPlaces.Block, KvPlaces.Block));
    }

    /// <summary>Takes over what lies in the first slots of another one of the same layout.</summary>
    public void CopyFrom(StoredKeyValues smaller)
    {
        using TensorScope.Lease lease = TensorScope.Begin();
        Keys.Slice(2, 0, smaller.Keys.Shape[2]).Assign(smaller.Keys);
        Values.Slice(2, 0, smaller.Slots).Assign(smaller.Values);
    }

    public void Dispose()
    {
        Keys.Dispose();
        Values.Dispose();
    }
}
