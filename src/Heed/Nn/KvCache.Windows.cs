using System.Diagnostics.CodeAnalysis;
using Heed.Kernels;

namespace Heed.Nn;

/// <content>Layers that keep the latest tokens alone: what of a row is still there.</content>
public sealed partial class KvCache
{
    /// <summary>So many tokens of a row are stored at once before the first of them attends; calls with more are cut.</summary>
    internal const int TokensAtOnce = 256;

    private readonly KvSlots[] _rolling = [];

    /// <summary>
    /// Whether every row can be cut back to any length. The states of mixers cannot, nor can layers that keep the latest tokens alone:
    /// see <see cref="CanTruncateTo"/>. Such a row is kept as it is, or cleared and read again.
    /// </summary>
    public bool CanTruncate => _mixers is null && _rolling.Length == 0;

    /// <summary>Whether a row can be cut back to this length: 0 and its own always, others while the window before them is still there.</summary>
    /// <param name="row">The row.</param>
    /// <param name="length">From 0 to the row's length.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row, or it holds fewer tokens.</exception>
    public bool CanTruncateTo(int row, int length)
    {
        CheckLength("CanTruncateTo", row, length);
        if (length == 0 || length == _rows[row].Length) return true;
        foreach (KvSlots slots in _rolling)
            if (!slots.Holds(length, _rows[row].End)) return false;
        return _mixers is null;
    }

    /// <summary>For how many tokens of a row there is memory in a layer with such a window (0 for none), once the row has so many.</summary>
    internal static long SlotsFor(int positions, int window) => (long)KvLayout.Panels(KvSlots.For(positions, window, TokensAtOnce).Count) * KvPanels.Width;

    private static KvSlots[] SlotsOf(int layers, int maxPositions, IReadOnlyList<int>? windows)
    {
        if (windows is not null && windows.Count != layers)
            throw new ArgumentException($"KvCache: got {windows.Count} windows for {layers} layers; expected {layers}.", nameof(windows));
        KvSlots[] slots = new KvSlots[layers];
        for (int i = 0; i < layers; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(windows?[i] ?? 0, nameof(windows));
            slots[i] = KvSlots.For(maxPositions, windows?[i] ?? 0, TokensAtOnce);
        }
        return slots;
    }

    private void CheckWindows(int[] windows)
    {
        for (int i = 0; i < _slots.Length; i++)
            if (_slots[i].Rolls && (windows[i] == 0 || windows[i] > _slots[i].Window))
                throw new ArgumentException($"Forward: the cache is another model's: its layer {i} keeps windows of up to {_slots[i].Window} tokens; the model's sees {(windows[i] == 0 ? "all" : windows[i])}.");
    }

    /// <summary>
    /// Throws where a query would not find its whole window, after positions up to <paramref name="end"/> have been stored. Tokens that
    /// are too many to be stored at once are stored in order, part by part, so that one query finds its window if the first does.
    /// </summary>
    private void CheckHeld(int row, ReadOnlySpan<int> positions, int end)
    {
        foreach (KvSlots slots in _rolling)
        {
            bool inParts = positions.Length > slots.Room;
            if (!inParts && end <= slots.Count) continue;
            int last = -1;
            foreach (int position in positions)
            {
                if (position < 0) continue;
                if (inParts && last >= 0 && position != last + 1) ThrowDisorder(row, last, position, slots);
                if ((!inParts || last < 0) && !slots.Holds(position, inParts ? _rows[row].End : end)) ThrowGone(nameof(positions), row, position, slots);
                last = position;
            }
        }
    }

    private void TruncateWindows(int row, int length)
    {
        if (_rolling.Length == 0) return;
        if (!CanTruncateTo(row, length)) ThrowCannotTruncate(row, length);
        if (length == 0) _rows[row].End = 0;
    }

    [DoesNotReturn]
    private void ThrowCannotTruncate(int row, int length) => throw new NotSupportedException(
        $"KvCache.Truncate: length is {length}; expected 0, or {_rolling.Max(slots => _rows[row].End - slots.Room)} to {_rows[row].Length}: layers with a window keep row {row}'s latest tokens alone. Clear the row and read it again, or make a cache that keeps all (CreateCache's rolling: false).");

    [DoesNotReturn]
    private void ThrowGone(string argument, int row, int position, KvSlots slots) => throw new ArgumentOutOfRangeException(
        argument, position, $"KvCache: position {position} of row {row} looks back at tokens that are gone: layers with a window of {slots.Window} keep the latest {slots.Count} of {_rows[row].End} tokens. Clear the row and read it again.");

    [DoesNotReturn]
    private static void ThrowDisorder(int row, int last, int position, KvSlots slots) => throw new ArgumentException(
        $"KvCache: position {position} comes after {last} in row {row}; layers with a window of {slots.Window} take more than {slots.Room} tokens at once in the order of their positions alone.", nameof(position));
}
