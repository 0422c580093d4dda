using System.Diagnostics.CodeAnalysis;
using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <content>Rows in blocks of memory that they share, and rows that change places.</content>
public sealed partial class KvCache
{
    private readonly KvBlockPool? _pool;
    private readonly bool _ownsPool;
    private readonly KvBlockTable _table = new();
    private int _moves = -1;

    private KvCache(KvBlockPool pool, int layers, int batch, int kvHeads, (int Key, int Value) size, int maxPositions, KvCacheType type, Device device)
        : this(layers, batch, kvHeads, size.Key, maxPositions, device, size.Value, type: type)
    {
        (_pool, _ownsPool, Capacity) = (pool, true, maxPositions);
    }

    /// <summary>Other rows of another cache's blocks.</summary>
    private KvCache(KvCache whole, KvRow[] rows)
        : this(whole._layers.Length, rows.Length, whole._kvHeads, whole._layout.HeadDim, whole.MaxPositions, whole._device, whole._layout.ValueDim, type: whole.Type)
    {
        (_rows, _pool, Capacity) = (rows, whole._pool, whole.MaxPositions);
    }

    /// <summary>Whether tokens lie in blocks of 64 (<see cref="Models.Transformer.CreatePagedCache"/>), which rows with the same beginning share.</summary>
    public bool IsPaged => _pool is not null;

    /// <summary>The memory of what is stored, in bytes: blocks that rows share count once. Where rows have memory of their own, all of it.</summary>
    public long UsedBytes => _pool is null ? Bytes : _pool.UsedBlocks * _pool.BlockBytes + GlobalBytes + (Memory?.Bytes ?? 0);

    /// <summary>
    /// Arranges the rows anew: row i becomes what row <paramref name="rows"/>[i] was, or an empty one where that is −1. A row may come
    /// more than once, or not at all; the cache has as many rows afterwards as are named. In a paged cache nothing is copied: rows that
    /// were one share their blocks until one of them is written on.
    /// </summary>
    /// <exception cref="ArgumentException">None is named.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="InvalidOperationException">The cache is a view of another one's rows.</exception>
    public void Arrange(params ReadOnlySpan<int> rows)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        CheckRows("Arrange", rows, least: -1);
        if (IsPaged && !_ownsPool) throw new InvalidOperationException("KvCache.Arrange: the cache is a view; arrange the one that it was made of.");
        if (IsOrder(rows)) return;
        ArrangeMemory(rows);
        KvRow[] arranged = new KvRow[rows.Length];
        for (int i = 0; i < rows.Length; i++) arranged[i] = rows[i] < 0 ? new KvRow() : Fork(_rows[rows[i]]);
        foreach (KvRow row in _rows) Release(row, 0);
        _rows = arranged;
    }

    /// <summary>
    /// Some of the rows of a paged cache, in this order: what is stored or forgotten through the view is so in the cache. Valid until the
    /// cache is arranged anew or disposed; disposing the view frees nothing.
    /// </summary>
    /// <exception cref="ArgumentException">None is named, or one twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="NotSupportedException">The cache is not paged, or its rows have more than blocks: an encoder's memory, or global tokens of their own.</exception>
    public KvCache View(params ReadOnlySpan<int> rows)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        CheckRows("View", rows, least: 0);
        if (!IsPaged || Memory is not null || _globals is not null) ThrowNoView();
        KvRow[] some = new KvRow[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            some[i] = _rows[rows[i]];
            if (Array.IndexOf(some, some[i]) < i) throw new ArgumentException($"KvCache.View: row {rows[i]} is named twice.", nameof(rows));
        }
        return new KvCache(this, some);
    }

    /// <summary>An empty cache in blocks.</summary>
    internal static KvCache InBlocks(int layers, int batch, int kvHeads, (int Key, int Value) size, int maxPositions, long maxTokens, KvCacheType type, Device device)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        CheckType(type);
        const int MaxBlocks = int.MaxValue / KvPlaces.Block;
        int blocks = maxTokens == 0 ? MaxBlocks : (int)Math.Min((maxTokens + KvPlaces.Block - 1) / KvPlaces.Block, MaxBlocks);
        return new KvCache(new KvBlockPool(layers, kvHeads, new KvLayout(type, size.Key, size.Value), blocks, device), layers, batch, kvHeads, size, maxPositions, type, device);
    }

    /// <summary>Lets each row have the blocks for its next length, of its own from where it is written.</summary>
    private void ReserveBlocks(ReadOnlySpan<int> positions)
    {
        int seq = positions.Length / Batch, needed = 0;
        for (int row = 0; row < Batch; row++) needed += Missing(_rows[row], positions.Slice(row * seq, seq));
        _pool!.Demand(needed);
        int perRow = 1;
        for (int row = 0; row < Batch; row++)
        {
            Take(_rows[row], positions.Slice(row * seq, seq));
            perRow = Math.Max(perRow, _rows[row].Blocks.Count);
        }
        _table.Reset(Batch, perRow);
        for (int row = 0; row < Batch; row++) _table.Set(row, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_rows[row].Blocks));
        if (_moves == _pool.Moves) return;
        _moves = _pool.Moves;
        for (int i = 0; i < _layers.Length; i++) _layers[i] = _pool.Layer(i).InBlocks(_table);
    }

    /// <summary>How many blocks a row has to take before it stores these positions: new ones, and copies of those that others hold.</summary>
    private int Missing(KvRow row, ReadOnlySpan<int> positions)
    {
        int least = int.MaxValue, most = -1;
        foreach (int position in positions)
        {
            if (position < 0) continue;
            (least, most) = (Math.Min(least, position / KvPlaces.Block), Math.Max(most, position / KvPlaces.Block));
        }
        int missing = Math.Max(0, most + 1 - row.Blocks.Count);
        for (int block = least; block <= Math.Min(most, row.Blocks.Count - 1); block++)
            if (_pool!.IsShared(row.Blocks[block])) missing++;
        return missing;
    }

    /// <summary>Takes these blocks; there are as many in the pool.</summary>
    private void Take(KvRow row, ReadOnlySpan<int> positions)
    {
        foreach (int position in positions)
        {
            if (position < 0) continue;
            int block = position / KvPlaces.Block;
            while (row.Blocks.Count <= block) row.Blocks.Add(_pool!.Take());
            if (_pool!.IsShared(row.Blocks[block])) row.Blocks[block] = _pool.Part(row.Blocks[block]);
        }
    }

    private KvRow Fork(KvRow row)
    {
        KvRow fork = new() { Length = row.Length, End = row.End };
        if (_pool is null) return fork;
        foreach (int block in row.Blocks)
        {
            _pool.Hold(block);
            fork.Blocks.Add(block);
        }
        return fork;
    }

    /// <summary>Gives back the blocks that so many tokens do not need.</summary>
    private void Release(KvRow row, int length)
    {
        if (_pool is null) return;
        int kept = (length + KvPlaces.Block - 1) / KvPlaces.Block;
        for (int i = kept; i < row.Blocks.Count; i++) _pool.Release(row.Blocks[i]);
        if (kept < row.Blocks.Count) row.Blocks.RemoveRange(kept, row.Blocks.Count - kept);
    }

    /// <summary>What rows have of their own moves with them.</summary>
    private void ArrangeMemory(ReadOnlySpan<int> rows)
    {
        if (_pool is null) Select(_layers, rows);
        if (_globals is not null) Select(_globals, rows);
        Memory = Memory?.Select(rows);
        for (int i = 0; i < _states.Length; i++)
        {
            if (_states[i] is not { } state) continue;
            _states[i] = state.Select(rows);
            state.Dispose();
        }
        _runsMask = null;
    }

    private static void Select(StoredKeyValues?[] layers, ReadOnlySpan<int> rows)
    {
        for (int i = 0; i < layers.Length; i++)
        {
            if (layers[i] is not { } old) continue;
            layers[i] = old.Select(rows);
            old.Dispose();
        }
    }

    private bool IsOrder(ReadOnlySpan<int> rows)
    {
        if (rows.Length != Batch) return false;
        for (int i = 0; i < rows.Length; i++)
            if (rows[i] != i) return false;
        return true;
    }

    private void CheckRows(string operation, ReadOnlySpan<int> rows, int least)
    {
        if (rows.IsEmpty) throw new ArgumentException($"KvCache.{operation}: got no rows; expected at least one.", nameof(rows));
        foreach (int row in rows)
            if (row < least || row >= Batch) throw new ArgumentOutOfRangeException(nameof(rows), row, $"KvCache.{operation}: got row {row}; expected {least} to {Batch - 1}.");
    }

    [DoesNotReturn]
    private void ThrowNoView() => throw new NotSupportedException(IsPaged
        ? "KvCache.View: the rows have more than blocks, an encoder's memory or the keys and values of global tokens; use the whole cache."
        : "KvCache.View: the cache is not paged, and its rows lie in one memory; make one with CreatePagedCache.");
}
