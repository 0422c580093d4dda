using Heed.Distributed;

namespace Heed.Tests.Models.Sharding;

/// <summary>One of two ranks whose partner says nothing: for what layers do beside talking.</summary>
internal sealed class SilentCommunicator(int rank) : ICommunicator
{
    public int Rank => rank;

    public int Size => 2;

    public CommunicatorTraffic Traffic => default;

    public void AllReduce<T>(Span<T> values, Reduction reduction = Reduction.Sum)
        where T : unmanaged
    {
    }

    public void AllGather<T>(ReadOnlySpan<T> part, Span<T> all)
        where T : unmanaged => part.CopyTo(all);

    public void ReduceScatter<T>(Span<T> all, Span<T> part, Reduction reduction = Reduction.Sum)
        where T : unmanaged => all[..part.Length].CopyTo(part);

    public void Broadcast<T>(Span<T> values, int root = 0)
        where T : unmanaged
    {
    }

    public void Send<T>(ReadOnlySpan<T> values, int to)
        where T : unmanaged
    {
    }

    public void Receive<T>(Span<T> values, int from)
        where T : unmanaged => values.Clear();

    public void Exchange<T>(ReadOnlySpan<T> sent, Span<T> received, int partner)
        where T : unmanaged => sent.CopyTo(received);

    public void Barrier()
    {
    }

    public ICommunicator Split(int color, int key) => this;

    public void Dispose()
    {
    }
}
