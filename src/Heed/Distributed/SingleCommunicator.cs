namespace Heed.Distributed;

/// <summary>A world of one rank: nothing travels, and what it reduces is what it has.</summary>
public sealed class SingleCommunicator : ICommunicator
{
    private long _operations;
    private bool _disposed;

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Size => 1;

    /// <inheritdoc/>
    public CommunicatorTraffic Traffic => new(0, 0, _operations);

    /// <inheritdoc/>
    public void AllReduce<T>(Span<T> values, Reduction reduction = Reduction.Sum)
        where T : unmanaged
    {
        Reductions.Check<T>(nameof(AllReduce), reduction);
        Begin();
    }

    /// <inheritdoc/>
    public void AllGather<T>(ReadOnlySpan<T> part, Span<T> all)
        where T : unmanaged
    {
        CommunicatorChecks.Parts(nameof(AllGather), part.Length, all.Length, 1);
        Begin();
        part.CopyTo(all);
    }

    /// <inheritdoc/>
    public void ReduceScatter<T>(Span<T> all, Span<T> part, Reduction reduction = Reduction.Sum)
        where T : unmanaged
    {
        Reductions.Check<T>(nameof(ReduceScatter), reduction);
        CommunicatorChecks.Parts(nameof(ReduceScatter), part.Length, all.Length, 1);
        Begin();
        all.CopyTo(part);
    }

    /// <inheritdoc/>
    public void Broadcast<T>(Span<T> values, int root = 0)
        where T : unmanaged
    {
        CommunicatorChecks.Root(nameof(Broadcast), root, 1);
        Begin();
    }

    /// <summary>Throws: there is no other rank.</summary>
    public void Send<T>(ReadOnlySpan<T> values, int to)
        where T : unmanaged => CommunicatorChecks.Partner(nameof(Send), nameof(to), to, 0, 1);

    /// <summary>Throws: there is no other rank.</summary>
    public void Receive<T>(Span<T> values, int from)
        where T : unmanaged => CommunicatorChecks.Partner(nameof(Receive), nameof(from), from, 0, 1);

    /// <summary>Throws: there is no other rank.</summary>
    public void Exchange<T>(ReadOnlySpan<T> sent, Span<T> received, int partner)
        where T : unmanaged => CommunicatorChecks.Partner(nameof(Exchange), nameof(partner), partner, 0, 1);

    /// <inheritdoc/>
    public void Barrier() => Begin();

    /// <inheritdoc/>
    public ICommunicator Split(int color, int key)
    {
        Begin();
        return new SingleCommunicator();
    }

    /// <inheritdoc/>
    public void Dispose() => _disposed = true;

    private void Begin()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _operations++;
    }
}
