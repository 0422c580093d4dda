namespace Heed.Tensors;

/// <summary>The keys that one query sees, as ascending runs with gaps between them; masks narrow it in place.</summary>
internal sealed class MaskRuns
{
    private readonly Stack<MaskRuns> _spare;
    private (int First, int End)[] _runs = new (int, int)[8], _kept = new (int, int)[8];
    private int _keptCount, _cursor;

    public MaskRuns() => _spare = new Stack<MaskRuns>();

    private MaskRuns(Stack<MaskRuns> spare) => _spare = spare;

    public int Count { get; private set; }

    public ReadOnlySpan<(int First, int End)> Runs => _runs.AsSpan(0, Count);

    /// <summary>The first key of the first run; there must be one.</summary>
    public int First => _runs[0].First;

    /// <summary>One past the last key of the last run; there must be one.</summary>
    public int End => _runs[Count - 1].End;

    /// <summary>Starts over with the keys from <paramref name="first"/> to before <paramref name="end"/>.</summary>
    public void Reset(int first, int end)
    {
        _runs[0] = (first, end);
        Count = first < end ? 1 : 0;
    }

    public void Clear() => Count = 0;

    /// <summary>Keeps what lies from <paramref name="first"/> to before <paramref name="end"/>.</summary>
    public void Clip(int first, int end)
    {
        Begin();
        Keep(first, end);
        Commit();
    }

    /// <summary>Begins to narrow: only what <see cref="Keep"/> names until <see cref="Commit"/> stays.</summary>
    public void Begin() => _keptCount = _cursor = 0;

    /// <summary>Keeps what lies from <paramref name="first"/> to before <paramref name="end"/>; calls come in ascending order of first.</summary>
    public void Keep(int first, int end)
    {
        if (_keptCount > 0) first = Math.Max(first, _kept[_keptCount - 1].End);
        while (_cursor < Count && _runs[_cursor].End <= first) _cursor++;
        for (int i = _cursor; i < Count && _runs[i].First < end; i++)
            Append(Math.Max(first, _runs[i].First), Math.Min(end, _runs[i].End));
    }

    public void Commit()
    {
        (_runs, _kept) = (_kept, _runs);
        Count = _keptCount;
    }

    /// <summary>Adds the keys of <paramref name="other"/>.</summary>
    public void Unite(MaskRuns other)
    {
        _keptCount = 0;
        int i = 0, j = 0;
        while (i < Count || j < other.Count)
        {
            bool own = j == other.Count || i < Count && _runs[i].First <= other._runs[j].First;
            (int first, int end) = own ? _runs[i++] : other._runs[j++];
            if (_keptCount > 0) first = Math.Max(first, _kept[_keptCount - 1].End);
            Append(first, end);
        }
        Commit();
    }

    /// <summary>A copy, to be given back with <see cref="Return"/>.</summary>
    public MaskRuns Borrow()
    {
        MaskRuns copy = _spare.TryPop(out MaskRuns? spare) ? spare : new MaskRuns(_spare);
        if (copy._runs.Length < Count) copy._runs = new (int, int)[_runs.Length];
        Runs.CopyTo(copy._runs);
        copy.Count = Count;
        return copy;
    }

    public void Return(MaskRuns copy) => _spare.Push(copy);

    private void Append(int first, int end)
    {
        if (first >= end) return;
        if (_keptCount > 0 && _kept[_keptCount - 1].End == first)
        {
            _kept[_keptCount - 1].End = end;
            return;
        }
        if (_keptCount == _kept.Length) Array.Resize(ref _kept, 2 * _kept.Length);
        _kept[_keptCount++] = (first, end);
    }
}
