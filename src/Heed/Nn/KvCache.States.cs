using System.Diagnostics.CodeAnalysis;
using Heed.Tensors;

namespace Heed.Nn;

/// <content>The states of mixers, for models whose mixer is not attention.</content>
public sealed partial class KvCache
{
    private readonly SequenceMixer[]? _mixers;
    private readonly MixerState?[] _states = [];

    /// <summary>An empty cache of one state per layer, for all rows.</summary>
    /// <exception cref="NotSupportedException">A layer keeps no state.</exception>
    internal KvCache(SequenceMixer[] mixers, int batch, int maxPositions, Device device)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPositions, 1);
        if (Array.Find(mixers, mixer => !mixer.CanAppend) is { } whole)
            throw new NotSupportedException($"CreateCache: the model's {whole.GetType().Name} layers see all tokens at once and cannot go on from a cache; call Forward with all tokens and no cache.");
        (_layers, _rows, _mixers, _device, MaxPositions, Capacity) = ([], NewRows(batch), mixers, device, maxPositions, maxPositions);
        _states = new MixerState?[mixers.Length];
    }

    private long StateBytes => _states.Sum(state => state?.Bytes ?? 0);

    /// <summary>What a layer keeps of all rows; made when it is first asked for.</summary>
    internal MixerState State(int layer) => _states[layer] ??= _mixers![layer].CreateState(Batch, _device);

    /// <summary>
    /// Takes back what a call that failed has stored: a row is as long as it was before, or empty where it cannot be cut back.
    /// </summary>
    internal void Undo(int row, int length)
    {
        if (_rows[row].Length != length) Truncate(row, CanTruncateTo(row, length) ? length : 0);
    }

    private void CheckMixers(SequenceMixer[]? mixers)
    {
        if (!ReferenceEquals(mixers, _mixers)) throw new ArgumentException("Forward: the cache is another model's; make one with this model's CreateCache.");
    }

    private void TruncateStates(int row, int length)
    {
        if (_mixers is null || length == _rows[row].Length) return;
        if (length > 0)
            throw new NotSupportedException($"KvCache.Truncate: length is {length}; expected 0 or row {row}'s {_rows[row].Length} tokens: the states of {_mixers![0].GetType().Name} layers cannot be cut back.");
        foreach (MixerState? state in _states) state?.Clear(row);
    }

    private void DisposeStates()
    {
        foreach (MixerState? state in _states) state?.Dispose();
        Array.Clear(_states);
    }

    [DoesNotReturn]
    private static void ThrowOverwrites(int row, int position, int length) => throw new ArgumentOutOfRangeException(
        nameof(position), position, $"KvCache: position {position} is before the end of row {row}, which holds {length} tokens; this model's states only go on from there.");
}
