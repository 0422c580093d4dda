using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Keys and values of the tokens that a model has seen, for each layer and batch row, stored by position: rows may be of
/// different lengths, and padding is never stored. Grows up to a bound; the bound is checked, never overrun. A layer whose
/// attention has a window keeps the latest tokens alone, those of the window and a few hundred more, however long the row. For models
/// whose mixer is not attention it holds the mixers' states instead.
/// </summary>
/// <remarks>Belongs to one generation at a time. It is no part of a model's state.</remarks>
public sealed partial class KvCache : IDisposable
{
    private const int FirstCapacity = 256;
    private readonly StoredKeyValues?[] _layers;
    private readonly KvSlots[] _slots = [];
    private KvRow[] _rows;
    private readonly int _kvHeads;
    private readonly KvLayout _layout;
    private readonly Device _device;
    private bool _disposed;

    /// <summary>An empty cache.</summary>
    /// <param name="layers">The number of layers.</param>
    /// <param name="batch">The number of rows.</param>
    /// <param name="kvHeads">Key/value heads per layer.</param>
    /// <param name="headDim">The size of a key.</param>
    /// <param name="maxPositions">The largest number of tokens in a row.</param>
    /// <param name="device">Where the memory is.</param>
    /// <param name="valueDim">The size of a value; that of a key if 0.</param>
    /// <param name="windows">How many of the latest tokens each layer's queries see, 0 for all; null if all layers see all.</param>
    /// <param name="type">What keys and values are rounded to when they are stored.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1, or a window below 0, or there is no such type.</exception>
    /// <exception cref="ArgumentException">The number of windows is not that of layers.</exception>
    public KvCache(int layers, int batch, int kvHeads, int headDim, int maxPositions, Device? device = null, int valueDim = 0, IReadOnlyList<int>? windows = null,
        KvCacheType type = KvCacheType.F32)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(kvHeads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headDim, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPositions, 1);
        CheckType(type);
        _layers = new StoredKeyValues?[layers];
        _slots = SlotsOf(layers, maxPositions, windows);
        _rolling = [.. _slots.Where(slots => slots.Rolls).Distinct()];
        _rows = NewRows(batch);
        _kvHeads = kvHeads;
        _layout = new KvLayout(type, headDim, valueDim > 0 ? valueDim : headDim);
        _device = device ?? Device.Cpu;
        MaxPositions = maxPositions;
    }

    /// <summary>The largest number of tokens in a row.</summary>
    public int MaxPositions { get; }

    /// <summary>What keys and values are rounded to when they are stored; the states of mixers are float32.</summary>
    public KvCacheType Type => _layout.Type;

    /// <summary>The number of rows.</summary>
    public int Batch => _rows.Length;

    /// <summary>The number of tokens that there is room for before the cache grows again.</summary>
    public int Capacity { get; private set; }

    /// <summary>The memory that the cache takes, in bytes.</summary>
    public long Bytes => StateBytes + GlobalBytes + (Memory?.Bytes ?? 0) + (_pool?.Bytes ?? _layers.Sum(layer => layer?.Bytes ?? 0));

    /// <summary>Throws where this cache was not made for such a model.</summary>
    internal void CheckFits(int layers, int kvHeads, (int Key, int Value) size, Device device, int[] windows, SequenceMixer[]? mixers = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (mixers is not null || _mixers is not null)
        {
            CheckMixers(mixers);
            return;
        }
        if (layers != _layers.Length || kvHeads != _kvHeads || size != (_layout.HeadDim, _layout.ValueDim) || !ReferenceEquals(device, _device))
            throw new ArgumentException(
                $"Forward: the cache is another model's: it has {_layers.Length} layers, {_kvHeads} key/value heads of {_layout.HeadDim} and {_layout.ValueDim} on {_device}; the model needs {layers}, {kvHeads} of {size.Key} and {size.Value} on {device}.");
        CheckWindows(windows);
    }

    /// <summary>The number of tokens stored in a row.</summary>
    public int Length(int row = 0) => _rows[row].Length;

    /// <summary>Forgets a row's tokens from position <paramref name="length"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The row holds fewer tokens.</exception>
    /// <exception cref="NotSupportedException">Not <see cref="CanTruncateTo"/> that length; to 0 and to the row's own a row can always be cut back.</exception>
    public void Truncate(int row, int length)
    {
        CheckLength("Truncate", row, length);
        TruncateStates(row, length);
        TruncateWindows(row, length);
        _rows[row].Length = length;
        Release(_rows[row], length);
    }

    /// <summary>Forgets everything; keeps the memory.</summary>
    public void Clear()
    {
        for (int row = 0; row < Batch; row++) Truncate(row, 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        if (_pool is null)
            foreach (StoredKeyValues? layer in _layers) layer?.Dispose();
        else if (_ownsPool) _pool.Dispose();
        DisposeStates();
        Memory = null;
        DisposeGlobals();
        Array.Clear(_layers);
        Capacity = 0;
        _rows = NewRows(Batch);
    }

    /// <summary>
    /// Makes room for tokens at the given positions (−1 is padding), row by row, and counts them as stored; the layers
    /// must write them before the next call.
    /// </summary>
    /// <returns>The length of the longest row.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A position is past the bound, or leaves a gap behind the row's last token.</exception>
    internal int Reserve(ReadOnlySpan<int> positions)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int seq = positions.Length / Batch, longest = 0;
        for (int row = 0; row < Batch; row++)
        {
            int length = _rows[row].Length;
            foreach (int position in positions.Slice(row * seq, seq))
            {
                if (position >= MaxPositions) ThrowFull(position);
                if (_mixers is not null && position >= 0 && position < length) ThrowOverwrites(row, position, length);
                if (position > length)
                    throw new ArgumentOutOfRangeException(nameof(positions), position, $"KvCache: position {position} leaves a gap; expected 0 to {length}: row {row} holds {length} tokens.");
                length = Math.Max(length, position + 1);
            }
            if (_rolling.Length > 0) CheckHeld(row, positions.Slice(row * seq, seq), Math.Max(length, _rows[row].End));
            longest = Math.Max(longest, length);
        }
        // A batch of nothing but padding stores nothing, but its layers still look for the memory.
        if (IsPaged) ReserveBlocks(positions);
        else if (Math.Max(longest, 1) > Capacity) Grow(Math.Max(longest, 1));
        for (int row = 0; row < Batch; row++)
        {
            foreach (int position in positions.Slice(row * seq, seq)) _rows[row].Length = Math.Max(_rows[row].Length, position + 1);
            if (_rolling.Length > 0) _rows[row].End = Math.Max(_rows[row].End, _rows[row].Length);
        }
        return longest;
    }

    /// <summary>What a layer has stored, and in which slots.</summary>
    internal (StoredKeyValues Stored, KvSlots Slots) Layer(int layer)
    {
        StoredKeyValues stored = _layers[layer]!;
        if (IsPaged) return (stored, new KvSlots(stored.Capacity));
        // Until it has grown to its last size no slot is used again.
        return (stored, stored.Slots == _slots[layer].Count ? _slots[layer] : new KvSlots(stored.Slots));
    }

    private void Grow(int needed, int least = FirstCapacity)
    {
        int capacity = (int)Math.Min(MaxPositions, Math.Max(Math.Max(needed, least), 2L * Capacity));
        capacity = (capacity + Ops.KeysPerPanel - 1) / Ops.KeysPerPanel * Ops.KeysPerPanel;
        for (int i = 0; i < _layers.Length; i++)
        {
            int slots = _slots[i].Rolls ? Math.Min(capacity, _slots[i].Count) : capacity;
            if (_layers[i] is { } enough && enough.Slots == slots) continue;
            StoredKeyValues larger = StoredKeyValues.Allocate(Batch, _kvHeads, slots, _layout, _device);
            if (_layers[i] is { } old)
            {
                larger.CopyFrom(old);
                old.Dispose();
            }
            _layers[i] = larger;
        }
        Capacity = capacity;
    }

    private static KvRow[] NewRows(int batch)
    {
        KvRow[] rows = new KvRow[batch];
        for (int row = 0; row < batch; row++) rows[row] = new KvRow();
        return rows;
    }

    private static void CheckType(KvCacheType type)
    {
        if (!Enum.IsDefined(type)) throw new ArgumentOutOfRangeException(nameof(type), type, $"KvCache: got type {(int)type}; expected {string.Join(", ", Enum.GetNames<KvCacheType>())}.");
    }

    private void CheckLength(string operation, int row, int length)
    {
        if ((uint)row >= (uint)_rows.Length)
            throw new ArgumentOutOfRangeException(nameof(row), row, $"KvCache.{operation}: got row {row}; expected 0 to {_rows.Length - 1}.");
        if (length < 0 || length > _rows[row].Length)
            throw new ArgumentOutOfRangeException(nameof(length), length, $"KvCache.{operation}: got length {length}; expected 0 to {_rows[row].Length}, the tokens of row {row}.");
    }

    private void ThrowFull(int position) => throw new ArgumentOutOfRangeException(
        nameof(position), position, $"KvCache: position {position} is past the cache's bound of {MaxPositions} tokens; expected 0 to {MaxPositions - 1}.");
}
