using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>
/// Keys and values of a layer's tokens, for each batch row and kv head, in memory that attention reads in place: on the CPU as
/// <see cref="KvLayout"/> says; where the device computes in float64, as float64 numbers that were rounded to the type.
/// </summary>
internal sealed class StoredKeyValues : IDisposable
{
    private StoredKeyValues(Tensor keys, Tensor values, in KvLayout layout, int slots) => (Keys, Values, Layout, Slots) = (keys, values, layout, slots);

    /// <summary>[batch, kvHeads, panels, words of a panel].</summary>
    public Tensor Keys { get; }

    /// <summary>[batch, kvHeads, slots, words of a row].</summary>
    public Tensor Values { get; }

    /// <summary>The type of the numbers, and the sizes of a key and a value.</summary>
    public KvLayout Layout { get; }

    /// <summary>Slots of a row.</summary>
    public int Slots { get; }

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
