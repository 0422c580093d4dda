namespace Heed.Distributed;

/// <summary>What all groups of an in-process run share: which rank failed first, and which ranks have returned.</summary>
internal sealed class InProcessJob(int size, CancellationToken cancellation)
{
    private readonly Lock _gate = new();
    private readonly List<InProcessGroup> _groups = [];
    private readonly bool[] _returned = new bool[size];
    private volatile RankFailure? _failure;

    /// <summary>The first failure, or null.</summary>
    public RankFailure? Failure => _failure;

    /// <summary>How many groups there are, that of all ranks included.</summary>
    public int Groups
    {
        get
        {
            lock (_gate) return _groups.Count;
        }
    }

    public void Add(InProcessGroup group)
    {
        lock (_gate) _groups.Add(group);
    }

    public void Remove(InProcessGroup group)
    {
        lock (_gate) _groups.Remove(group);
    }

    /// <summary>Wakes all who wait; only the first failure counts.</summary>
    public void Fail(int rank, Exception error)
    {
        InProcessGroup[] all;
        lock (_gate)
        {
            _failure ??= new RankFailure(rank, error);
            all = [.. _groups];
        }
        foreach (InProcessGroup group in all) group.Wake();
    }

    /// <summary>Says that a rank's part of the run has ended, so that nobody waits for it.</summary>
    public void Return(int rank)
    {
        InProcessGroup[] all;
        lock (_gate)
        {
            Volatile.Write(ref _returned[rank], true);
            all = [.. _groups];
        }
        foreach (InProcessGroup group in all) group.Wake();
    }

    public bool HasReturned(int rank) => Volatile.Read(ref _returned[rank]);

    public void ThrowIfFailed()
    {
        // Asked here too: a rank that ends at the cancellation may be faster than what the token calls.
        cancellation.ThrowIfCancellationRequested();
        if (_failure is not { } first) return;
        throw new RankFailedException(first.Rank, first.Error.Message, first.Error);
    }

    internal sealed record RankFailure(int Rank, Exception Error);
}
