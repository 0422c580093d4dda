using Heed.Distributed;

namespace Heed.Tests.Training.Ranks;

/// <summary>A communicator whose sums of floats fail after some, those of its splits each by itself; counts the splits that are not disposed of.</summary>
internal sealed class CutLink(ICommunicator inner, int sums, int[]? open = null) : ICommunicator
{
    private int _done;

    public int Rank => inner.Rank;

    public int Size => inner.Size;

    public CommunicatorTraffic Traffic => inner.Traffic;

    public void AllReduce<T>(Span<T> values, Reduction reduction = Reduction.Sum)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float) && _done++ == sums) throw new IOException("The link is cut.");
        inner.AllReduce(values, reduction);
    }

    public void AllGather<T>(ReadOnlySpan<T> part, Span<T> all)
        where T : unmanaged => inner.AllGather(part, all);

    public void ReduceScatter<T>(Span<T> all, Span<T> part, Reduction reduction = Reduction.Sum)
        where T : unmanaged => inner.ReduceScatter(all, part, reduction);

    public void Broadcast<T>(Span<T> values, int root = 0)
        where T : unmanaged => inner.Broadcast(values, root);

    public void Send<T>(ReadOnlySpan<T> values, int to)
        where T : unmanaged => inner.Send(values, to);

    public void Receive<T>(Span<T> values, int from)
        where T : unmanaged => inner.Receive(values, from);

    public void Exchange<T>(ReadOnlySpan<T> sent, Span<T> received, int partner)
        where T : unmanaged => inner.Exchange(sent, received, partner);

    public void Barrier() => inner.Barrier();

    public ICommunicator Split(int color, int key)
    {
        if (open is not null) open[0]++;
        return new CutLink(inner.Split(color, key), sums, open);
    }

    public void Dispose()
    {
        if (open is not null) open[0]--;
        inner.Dispose();
    }
}
