using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <content>What attention patterns need of a cache: the runs of keys that queries see, and the keys and values of global tokens.</content>
public sealed partial class KvCache
{
    private KeyRuns? _runs;
    private MaskRuns? _seen;
    private AttentionMask? _runsMask;
    private int[] _runsPositions = [];
    private StoredKeyValues?[]? _globals;

    private long GlobalBytes => _globals?.Sum(stored => stored?.Bytes ?? 0) ?? 0;

    /// <summary>Which keys the queries at these positions see; worked out once for layers with the same mask.</summary>
    internal KeyRuns RunsOf(AttentionMask mask, ReadOnlySpan<int> positions)
    {
        _runs ??= new KeyRuns();
        _seen ??= new MaskRuns();
        if (mask.Equals(_runsMask) && positions.SequenceEqual(_runsPositions.AsSpan(0, _runs.Queries))) return _runs;
        _runsMask = mask;
        if (_runsPositions.Length < positions.Length) _runsPositions = new int[positions.Length];
        positions.CopyTo(_runsPositions);
        _runs.Clear();
        foreach (int position in positions)
        {
            // As if the query's key were the last one: later ones are none of its business.
            _seen.Reset(0, position + 1);
            if (position >= 0) mask.Narrow(new MaskRow(0, 0, position, position + 1, position + 1), _seen);
            _runs.Add(_seen.Runs);
        }
        return _runs;
    }

    /// <summary>A layer's keys and values of the first so many tokens by the projections of global tokens.</summary>
    internal StoredKeyValues Globals(int layer, int tokens)
    {
        _globals ??= new StoredKeyValues?[_layers.Length];
        tokens = Math.Min(tokens, MaxPositions);
        StoredKeyValues stored = _globals[layer] ??= StoredKeyValues.Allocate(Batch, _kvHeads, tokens, _layout, _device);
        if (stored.Slots != tokens)
            throw new ArgumentException($"Forward: the cache is another model's: it has room for {stored.Slots} global tokens; the model has {tokens}.");
        return stored;
    }

    private void DisposeGlobals()
    {
        foreach (StoredKeyValues? stored in _globals ?? []) stored?.Dispose();
        _globals = null;
    }
}
