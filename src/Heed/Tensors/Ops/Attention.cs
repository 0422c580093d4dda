namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>The number of keys that lie side by side in a panel of stored keys.</summary>
    internal const int KeysPerPanel = 16;

    /// <summary>
    /// Fused softmax attention, softmax(scale·q·kᵀ)·v, that never holds the score matrix (Dao et al. 2022, arXiv
    /// 2205.14135). Query head h uses key head ⌊h·kvHeads/heads⌋; the value size may differ from the key size.
    /// </summary>
    /// <param name="q">[batch, queries, heads, headDim].</param>
    /// <param name="k">[batch, keys, kvHeads, headDim]; kvHeads divides heads.</param>
    /// <param name="v">[batch, keys, kvHeads, valueDim].</param>
    /// <param name="options">Scale, soft-cap and window.</param>
    /// <param name="causal">Query i sees key j only if j ≤ i + keys − queries: the last query sees every key.</param>
    /// <param name="firstKeys">Per batch row, keys before it are padding; empty for none.</param>
    /// <returns>[batch, queries, heads, valueDim]; a query that sees no key gives zeros.</returns>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, in AttentionOptions options, bool causal = true,
        ReadOnlySpan<int> firstKeys = default)
    {
        CheckAttention(q, k, v, firstKeys);
        int batch = q.Shape[0], queries = q.Shape[1], keys = k.Shape[1];
        Tensor result = Tensor.Allocate(q.Shape.WithLast(v.Shape[3]), q.Device);
        using TensorScope.Lease lease = TensorScope.Begin();
        int[] limits = new int[batch * queries];
        for (int i = 0; i < limits.Length; i++)
            limits[i] = causal ? Math.Max(-1, i % queries + keys - queries) : keys - 1;
        (Tensor keyPanels, Tensor valueRows) = AllocateKeyValues(batch, k.Shape[2], keys, k.Shape[3], v.Shape[3], q.Device);
        int[] positions = new int[batch * keys];
        for (int i = 0; i < positions.Length; i++) positions[i] = i % keys;
        q.Backend.StoreKeyValues(new HeadRange(k.Contiguous()), new HeadRange(v.Contiguous()), positions, keyPanels, valueRows);
        q.Backend.Attention(new HeadRange(q.Contiguous()), keyPanels, valueRows, limits, firstKeys, options, result);
        return result;
    }

    /// <summary>
    /// Stores this call's keys and values at their positions (−1 is not stored) and attends to all that are stored: query r
    /// sees keys up to positions[r]. The result is [batch, seq, heads·valueDim].
    /// </summary>
    internal static Tensor Attention(in HeadRange q, in HeadRange k, in HeadRange v, ReadOnlySpan<int> positions, Tensor keyPanels,
        Tensor valueRows, in AttentionOptions options)
    {
        CheckPositions("Attention", positions, valueRows.Shape[2]);
        IBackend backend = q.Rows.Backend;
        backend.StoreKeyValues(k, v, positions, keyPanels, valueRows);
        Shape rows = q.Rows.Shape; // [batch, seq, (heads, headDim) or their product]
        Tensor result = Tensor.Allocate(new Shape(rows[0], rows[1], q.Count * valueRows.Shape[3]), q.Rows.Device);
        backend.Attention(q, keyPanels, valueRows, positions, default, options, result);
        return result;
    }

    /// <summary>Room for <paramref name="capacity"/> keys in panels and values in rows, with undefined contents.</summary>
    internal static (Tensor KeyPanels, Tensor ValueRows) AllocateKeyValues(int batch, int kvHeads, int capacity, int headDim, int valueDim,
        Device device, bool scoped = true)
    {
        Shape keys = new(batch, kvHeads, (capacity + KeysPerPanel - 1) / KeysPerPanel, headDim, KeysPerPanel);
        Shape values = new(batch, kvHeads, capacity, valueDim);
        return scoped
            ? (Tensor.Allocate(keys, device), Tensor.Allocate(values, device))
            : (Tensor.AllocateOwned(keys, device), Tensor.AllocateOwned(values, device));
    }

    private static void CheckAttention(Tensor q, Tensor k, Tensor v, ReadOnlySpan<int> firstKeys)
    {
        if (q.Rank != 4 || q.Shape[3] == 0) TensorErrors.WrongShape("Attention", "q", q.Shape, "[batch, queries, heads, headDim] with a headDim of 1 or more");
        if (k.Rank != 4 || k.Shape[0] != q.Shape[0] || k.Shape[3] != q.Shape[3])
            TensorErrors.WrongShape("Attention", "k", k.Shape, $"[{q.Shape[0]}, keys, kvHeads, {q.Shape[3]}]");
        if (k.Shape[2] == 0 || q.Shape[2] % k.Shape[2] != 0)
            TensorErrors.WrongShape("Attention", "k", k.Shape, $"a number of kvHeads that divides {q.Shape[2]} heads");
        if (v.Rank != 4 || v.Shape[0] != k.Shape[0] || v.Shape[1] != k.Shape[1] || v.Shape[2] != k.Shape[2])
            TensorErrors.WrongShape("Attention", "v", v.Shape, $"[{k.Shape[0]}, {k.Shape[1]}, {k.Shape[2]}, valueDim]");
        if (firstKeys.Length != 0 && firstKeys.Length != q.Shape[0])
            TensorErrors.Argument($"Attention: got {firstKeys.Length} firstKeys; expected 0 or {q.Shape[0]}.");
        SameDevice("Attention", q, k);
        SameDevice("Attention", q, v);
    }
}
