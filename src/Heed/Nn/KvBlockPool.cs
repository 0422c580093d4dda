using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Memory for keys and values of all layers in blocks of <see cref="KvPlaces.Block"/> tokens, which rows take, share and give back (Kwon et
/// al. 2023, arXiv 2309.06180). Grows by doubling up to a bound.
/// </summary>
internal sealed class KvBlockPool : IDisposable
{
    private const int FirstBlocks = 4;
    private readonly StoredKeyValues?[] _layers;
    private readonly int _kvHeads;
    private readonly KvLayout _layout;
    private readonly Device _device;
    private readonly List<int> _holders = [];
    private readonly Stack<int> _free = [];
    private int _room;

    /// <param name="layers">The number of layers.</param>
    /// <param name="kvHeads">Key/value heads per layer.</param>
    /// <param name="layout">How they lie in memory.</param>
    /// <param name="maxBlocks">The most blocks.</param>
    /// <param name="device">Where the memory is.</param>
    public KvBlockPool(int layers, int kvHeads, in KvLayout layout, int maxBlocks, Device device)
    {
        (_layers, _kvHeads, _layout, MaxBlocks, _device) = (new StoredKeyValues?[layers], kvHeads, layout, maxBlocks, device);
    }

    /// <summary>The most blocks.</summary>
    public int MaxBlocks { get; }

    /// <summary>The blocks that rows hold.</summary>
    public int UsedBlocks => _holders.Count - _free.Count;

    /// <summary>The memory that the pool takes, in bytes.</summary>
    public long Bytes => _layers.Sum(layer => layer?.Bytes ?? 0);

    /// <summary>The memory of one block in all layers, in bytes.</summary>
    public long BlockBytes => _room == 0 ? 0 : Bytes / _room;

    /// <summary>Counts how often the memory moved: what was made of <see cref="Layer"/> before is no longer valid.</summary>
    public int Moves { get; private set; }

    /// <summary>The blocks of a layer; there is at least one.</summary>
    public StoredKeyValues Layer(int layer) => _layers[layer]!;

    /// <summary>Throws where there are not so many blocks to take.</summary>
    /// <exception cref="InvalidOperationException">The pool's bound is reached.</exception>
    public void Demand(int blocks)
    {
        if (blocks > MaxBlocks - UsedBlocks)
            throw new InvalidOperationException($"KvCache: {blocks} more blocks of {KvPlaces.Block} tokens are needed; {UsedBlocks} of {MaxBlocks} are in use. Truncate or drop rows, or make a cache of more tokens.");
        int needed = _holders.Count - _free.Count + blocks;
        if (needed > _room || _room == 0) Grow(Math.Max(needed, 1));
    }

    /// <summary>Takes a block, which has undefined contents; demanded before.</summary>
    public int Take()
    {
        if (!_free.TryPop(out int block))
        {
            block = _holders.Count;
            _holders.Add(0);
        }
        _holders[block] = 1;
        return block;
    }

    /// <summary>Holds a block once more.</summary>
    public void Hold(int block) => _holders[block]++;

    /// <summary>Gives a block back; it is free when nobody holds it.</summary>
    public void Release(int block)
    {
        if (--_holders[block] == 0) _free.Push(block);
    }

    /// <summary>Whether several rows hold a block, so that it must be copied before it changes.</summary>
    public bool IsShared(int block) => _holders[block] > 1;

    /// <summary>Takes a block with the contents of a shared one, which is given back.</summary>
    public int Part(int block)
    {
        int own = Take();
        foreach (StoredKeyValues? layer in _layers) layer!.CopyBlock(block, own);
        Release(block);
        return own;
    }

    public void Dispose()
    {
        foreach (StoredKeyValues? layer in _layers) layer?.Dispose();
        Array.Clear(_layers);
        _holders.Clear();
        _free.Clear();
        _room = 0;
    }

    private void Grow(int needed)
    {
        int room = (int)Math.Min(MaxBlocks, Math.Max(Math.Max(needed, FirstBlocks), 2L * _room));
        Moves++; // Also where memory runs out in the middle, after some layers have moved.
        for (int i = 0; i < _layers.Length; i++)
        {
            StoredKeyValues larger = StoredKeyValues.Allocate(1, _kvHeads, checked(room * KvPlaces.Block), _layout, _device);
            if (_layers[i] is { } old)
            {
                larger.CopyFrom(old);
                old.Dispose();
            }
            _layers[i] = larger;
        }
        _room = room;
    }
}
