namespace Heed.Distributed;

/// <summary>
/// How the ranks of a group exchange numbers. All but <see cref="Send"/>, <see cref="Receive"/> and <see cref="Exchange"/> are collective: every rank
/// of the group calls them, in the same order, with spans of the same lengths. Spans hold float, <see cref="BFloat16"/> or int
/// where they are added up or compared, and any type without references where they only travel.
/// </summary>
/// <remarks>
/// One thread at a time uses a communicator; <see cref="Split"/> makes one for another thread. Disposing is collective, too: the ranks of a group dispose of
/// it, in the same order as of other groups, and of the world last. MPI libraries hold some thousand groups at most.
/// </remarks>
public interface ICommunicator : IDisposable
{
    /// <summary>Which of the ranks this is, 0 to <see cref="Size"/> − 1.</summary>
    int Rank { get; }

    /// <summary>How many ranks there are.</summary>
    int Size { get; }

    /// <summary>What this rank has sent since the communicator was made.</summary>
    CommunicatorTraffic Traffic { get; }

    /// <summary>Makes every element on every rank the sum, or the greatest, of those of all ranks; the same bits everywhere.</summary>
    void AllReduce<T>(Span<T> values, Reduction reduction = Reduction.Sum)
        where T : unmanaged;

    /// <summary>Puts every rank's part into <paramref name="all"/>, in the order of the ranks.</summary>
    /// <param name="part">This rank's, of the same length on all; may be its place in <paramref name="all"/>.</param>
    /// <param name="all"><see cref="Size"/> parts.</param>
    void AllGather<T>(ReadOnlySpan<T> part, Span<T> all)
        where T : unmanaged;

    /// <summary>Reduces <paramref name="all"/> over the ranks, of which each keeps its part.</summary>
    /// <param name="all"><see cref="Size"/> parts; undefined afterwards.</param>
    /// <param name="part">This rank's; must not overlap <paramref name="all"/>.</param>
    /// <param name="reduction">How.</param>
    void ReduceScatter<T>(Span<T> all, Span<T> part, Reduction reduction = Reduction.Sum)
        where T : unmanaged;

    /// <summary>Gives every rank what <paramref name="root"/> has.</summary>
    void Broadcast<T>(Span<T> values, int root = 0)
        where T : unmanaged;

    /// <summary>Sends to one rank, which receives as many elements.</summary>
    void Send<T>(ReadOnlySpan<T> values, int to)
        where T : unmanaged;

    /// <summary>Waits for what <paramref name="from"/> sends.</summary>
    void Receive<T>(Span<T> values, int from)
        where T : unmanaged;

    /// <summary>Sends to a partner and receives as much from it at the same time; the partner calls it too.</summary>
    void Exchange<T>(ReadOnlySpan<T> sent, Span<T> received, int partner)
        where T : unmanaged;

    /// <summary>Returns when all ranks have called it.</summary>
    void Barrier();

    /// <summary>Collective: the ranks that give the same <paramref name="color"/> become a group of their own, in the order of <paramref name="key"/>, then rank.</summary>
    ICommunicator Split(int color, int key);
}
