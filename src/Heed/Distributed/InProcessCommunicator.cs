using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Heed.Distributed;

/// <summary>Ranks that are threads of one process: for tests, and for a machine with several sockets. Sums are made in the order of the ranks.</summary>
public sealed class InProcessCommunicator : ICommunicator
{
    private readonly InProcessGroup _group;
    private long _turn, _bytes, _messages, _operations;
    private bool _disposed;

    internal InProcessCommunicator(InProcessGroup group, int rank)
    {
        _group = group;
        Rank = rank;
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size => _group.Size;

    /// <inheritdoc/>
    public CommunicatorTraffic Traffic => new(_bytes, _messages, _operations);

    /// <summary>Runs <paramref name="body"/> on a thread for each rank and returns when all have ended.</summary>
    /// <param name="size">How many ranks.</param>
    /// <param name="body">What a rank does; the communicator is its to use, and disposed of afterwards.</param>
    /// <param name="cancellation">Ends all waiting of ranks for one another.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <remarks>
    /// When a rank throws, every other that waits for others throws <see cref="RankFailedException"/>, and what the first rank threw
    /// is thrown here.
    /// </remarks>
    public static void Run(int size, Action<ICommunicator> body, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        Run<object?>(
            size,
            ranks =>
            {
                body(ranks);
                return null;
            },
            cancellation);
    }

    /// <summary>Runs <paramref name="body"/> on a thread for each rank and returns the results by rank.</summary>
    /// <inheritdoc cref="Run(int, Action{ICommunicator}, CancellationToken)"/>
    public static T[] Run<T>(int size, Func<ICommunicator, T> body, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (size < 1) throw new ArgumentOutOfRangeException(nameof(size), $"Run: size is {size}; expected 1 or more ranks.");
        InProcessJob job = new(size, cancellation);
        InProcessGroup world = new(job, [.. Enumerable.Range(0, size)]);
        T[] results = new T[size];
        Thread[] threads = new Thread[size];
        for (int rank = 0; rank < size; rank++)
        {
            int own = rank;
            threads[rank] = new Thread(() => RunRank(job, world, own, body, results)) { Name = $"rank {rank}", IsBackground = true };
        }
        using (cancellation.Register(() => job.Fail(-1, new OperationCanceledException(cancellation))))
        {
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();
        }
        if (job.Failure is { } failure) ExceptionDispatchInfo.Throw(failure.Error);
        return results;
    }

    /// <inheritdoc/>
    public void AllReduce<T>(Span<T> values, Reduction reduction = Reduction.Sum)
        where T : unmanaged
    {
        Reductions.Check<T>(nameof(AllReduce), reduction);
        Begin();
        InProcessGroup.Call call = new(nameof(AllReduce), typeof(T), values.Length, (int)reduction);
        int stretch = Stretch<T>(1), start = 0;
        do
        {
            ReduceStretch(call, values.Slice(start, Math.Min(stretch, values.Length - start)), reduction);
            start += stretch;
        }
        while (start < values.Length);
    }

    /// <inheritdoc/>
    public void AllGather<T>(ReadOnlySpan<T> part, Span<T> all)
        where T : unmanaged
    {
        CommunicatorChecks.Parts(nameof(AllGather), part.Length, all.Length, Size);
        Begin();
        InProcessGroup.Call call = new(nameof(AllGather), typeof(T), part.Length);
        int stretch = Stretch<T>(1), start = 0;
        do
        {
            int count = Math.Min(stretch, part.Length - start);
            ReadOnlySpan<byte[]> parts = Meet(call, part.Slice(start, count));
            for (int rank = 0; rank < Size; rank++) Read<T>(parts[rank], 0, count).CopyTo(all.Slice((rank * part.Length) + start, count));
            Count<T>((long)count * (Size - 1), Size - 1);
            start += stretch;
        }
        while (start < part.Length);
    }

    /// <inheritdoc/>
    public void ReduceScatter<T>(Span<T> all, Span<T> part, Reduction reduction = Reduction.Sum)
        where T : unmanaged
    {
        Reductions.Check<T>(nameof(ReduceScatter), reduction);
        CommunicatorChecks.Parts(nameof(ReduceScatter), part.Length, all.Length, Size);
        if (all.Overlaps(part)) throw new ArgumentException("ReduceScatter: part overlaps all; expected memory of its own.", nameof(part));
        Begin();
        InProcessGroup.Call call = new(nameof(ReduceScatter), typeof(T), part.Length, (int)reduction);
        int stretch = Stretch<T>(Size), start = 0;
        T[] gathered = new T[Math.Min(stretch, part.Length) * Size];
        do
        {
            int count = Math.Min(stretch, part.Length - start);
            for (int rank = 0; rank < Size; rank++) all.Slice((rank * part.Length) + start, count).CopyTo(gathered.AsSpan(rank * count));
            ReadOnlySpan<byte[]> parts = Meet<T>(call, gathered.AsSpan(0, count * Size));
            Reductions.Reduce(parts, Rank * count * Unsafe.SizeOf<T>(), part.Slice(start, count), reduction);
            Count<T>((long)count * (Size - 1), Size - 1);
            start += stretch;
        }
        while (start < part.Length);
    }

    /// <inheritdoc/>
    public void Broadcast<T>(Span<T> values, int root = 0)
        where T : unmanaged
    {
        CommunicatorChecks.Root(nameof(Broadcast), root, Size);
        Begin();
        InProcessGroup.Call call = new(nameof(Broadcast), typeof(T), values.Length, root);
        int stretch = Stretch<T>(1), start = 0;
        do
        {
            Span<T> some = values.Slice(start, Math.Min(stretch, values.Length - start));
            ReadOnlySpan<byte[]> parts = Meet<T>(call, Rank == root ? some : []);
            if (Rank == root) Count<T>((long)some.Length * (Size - 1), Size - 1);
            else Read<T>(parts[root], 0, some.Length).CopyTo(some);
            start += stretch;
        }
        while (start < values.Length);
    }

    /// <summary>Sends to one rank, which receives as many elements; returns at once.</summary>
    public void Send<T>(ReadOnlySpan<T> values, int to)
        where T : unmanaged
    {
        CommunicatorChecks.Partner(nameof(Send), nameof(to), to, Rank, Size);
        Begin();
        _group.Send(Rank, to, typeof(T), MemoryMarshal.AsBytes(values).ToArray());
        Count<T>(values.Length, 1);
    }

    /// <inheritdoc/>
    public void Receive<T>(Span<T> values, int from)
        where T : unmanaged
    {
        CommunicatorChecks.Partner(nameof(Receive), nameof(from), from, Rank, Size);
        Begin();
        Take(nameof(Receive), values, from);
    }

    /// <inheritdoc/>
    public void Exchange<T>(ReadOnlySpan<T> sent, Span<T> received, int partner)
        where T : unmanaged
    {
        CommunicatorChecks.Partner(nameof(Exchange), nameof(partner), partner, Rank, Size);
        CommunicatorChecks.Exchanged(sent.Length, received.Length);
        Begin();
        _group.Send(Rank, partner, typeof(T), MemoryMarshal.AsBytes(sent).ToArray());
        Count<T>(sent.Length, 1);
        Take(nameof(Exchange), received, partner);
    }

    /// <inheritdoc/>
    public void Barrier()
    {
        Begin();
        Meet<byte>(new InProcessGroup.Call(nameof(Barrier), typeof(byte), 0), []);
    }

    /// <inheritdoc/>
    public ICommunicator Split(int color, int key)
    {
        Begin();
        long at = _turn;
        ReadOnlySpan<byte[]> parts = Meet<int>(new InProcessGroup.Call(nameof(Split), typeof(int), 2), [color, key]);
        List<(int Key, int Rank)> chosen = [];
        for (int rank = 0; rank < Size; rank++)
        {
            ReadOnlySpan<int> wish = Read<int>(parts[rank], 0, 2);
            if (wish[0] == color) chosen.Add((wish[1], rank));
        }
        chosen.Sort();
        int[] ranks = [.. chosen.Select(one => one.Rank)];
        return new InProcessCommunicator(_group.Split(at, color, ranks), Array.IndexOf(ranks, Rank));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _group.Leave();
    }

    private static void RunRank<T>(InProcessJob job, InProcessGroup world, int rank, Func<ICommunicator, T> body, T[] results)
    {
        try
        {
            using InProcessCommunicator ranks = new(world, rank);
            results[rank] = body(ranks);
        }
#pragma warning disable CA1031 // A rank's error, whatever it is, becomes the run's.
        catch (Exception error)
#pragma warning restore CA1031
        {
            job.Fail(rank, error);
        }
        finally
        {
            job.Return(rank);
        }
    }

    // Each rank reduces its share of the stretch for all, and then gives it to all.
    private void ReduceStretch<T>(InProcessGroup.Call call, Span<T> values, Reduction reduction)
        where T : unmanaged
    {
        ReadOnlySpan<byte[]> parts = Meet<T>(call, values);
        (int first, int end) = Share(values.Length, Rank);
        Reductions.Reduce(parts, first * Unsafe.SizeOf<T>(), values[first..end], reduction);
        parts = Meet<T>(call, values[first..end]);
        for (int rank = 0; rank < Size; rank++)
        {
            (int start, int until) = Share(values.Length, rank);
            if (rank != Rank) Read<T>(parts[rank], 0, until - start).CopyTo(values[start..until]);
        }
        Count<T>(values.Length + ((long)(Size - 2) * (end - first)), 2L * (Size - 1));
    }

    private (int First, int End) Share(int length, int rank) => ((int)((long)length * rank / Size), (int)((long)length * (rank + 1) / Size));

    private ReadOnlySpan<byte[]> Meet<T>(InProcessGroup.Call call, ReadOnlySpan<T> values)
        where T : unmanaged =>
        _group.Meet(_turn++, Rank, call, MemoryMarshal.AsBytes(values));

    private void Take<T>(string operation, Span<T> values, int from)
        where T : unmanaged
    {
        (Type element, byte[] letter) = _group.Receive(operation, from, Rank);
        if (element != typeof(T) || letter.Length != MemoryMarshal.AsBytes(values).Length)
            throw new InvalidOperationException($"{operation}: rank {from} sent {letter.Length} bytes of {element.Name}; rank {Rank} expected {values.Length} {typeof(T).Name}.");
        letter.CopyTo(MemoryMarshal.AsBytes(values));
    }

    private void Begin()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _operations++;
    }

    private void Count<T>(long elements, long count)
        where T : unmanaged
    {
        if (Size == 1) return;
        _bytes += elements * Unsafe.SizeOf<T>();
        _messages += count;
    }

    private static int Stretch<T>(int parts)
        where T : unmanaged => Math.Max(1, InProcessGroup.StretchBytes / parts / Unsafe.SizeOf<T>());

    private static ReadOnlySpan<T> Read<T>(byte[] place, int first, int count)
        where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(place).Slice(first, count);
}
