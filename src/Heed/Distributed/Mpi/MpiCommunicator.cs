using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Heed.Distributed.Mpi;

/// <summary>Ranks that are processes under MPI. Every call starts a non-blocking operation and waits for it without holding the core.</summary>
internal sealed unsafe class MpiCommunicator : ICommunicator
{
    private const int StretchBytes = 1 << 20;

    private readonly MpiWorld _world;
    private readonly int[] _members;
    private readonly bool _isWorld;
    private nint _communicator;
    private long _bytes, _messages, _operations;
    private byte[] _scratch = [];
    private bool _disposed;

    /// <summary>All ranks.</summary>
    public MpiCommunicator(MpiWorld world)
        : this(world, world.Library.World, [.. Enumerable.Range(0, world.Size)], world.Rank) => _isWorld = true;

    private MpiCommunicator(MpiWorld world, nint communicator, int[] members, int rank)
    {
        (_world, _communicator, _members, Rank) = (world, communicator, members, rank);
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size => _members.Length;

    /// <inheritdoc/>
    public CommunicatorTraffic Traffic => new(_bytes, _messages, _operations);

    /// <summary>The job's.</summary>
    public MpiWatch Watch => _world.Watch;

    private MpiLibrary Mpi => _world.Library;

    private int PieceBytes => _world.Options.PieceBytes;

    /// <inheritdoc/>
    public void AllReduce<T>(Span<T> values, Reduction reduction = Reduction.Sum)
        where T : unmanaged
    {
        Reductions.Check<T>(nameof(AllReduce), reduction);
        Begin();
        if (Size == 2) ReducePair(values, reduction);
        else if (typeof(T) == typeof(BFloat16)) ReduceRounded(MemoryMarshal.Cast<T, BFloat16>(values), reduction);
        else
        {
            int piece = PieceBytes / Unsafe.SizeOf<T>();
            while (values.Length > piece)
            {
                ReducePiece(nameof(AllReduce), values[..piece], reduction);
                values = values[piece..];
            }
            ReducePiece(nameof(AllReduce), values, reduction);
        }
    }

    /// <inheritdoc/>
    public void AllGather<T>(ReadOnlySpan<T> part, Span<T> all)
        where T : unmanaged
    {
        CommunicatorChecks.Parts(nameof(AllGather), part.Length, all.Length, Size);
        Begin();
        part.CopyTo(all.Slice(Rank * part.Length, part.Length));
        Gather(nameof(AllGather), all, part.Length);
        Count<T>((long)part.Length * (Size - 1), Size - 1);
    }

    /// <inheritdoc/>
    public void ReduceScatter<T>(Span<T> all, Span<T> part, Reduction reduction = Reduction.Sum)
        where T : unmanaged
    {
        Reductions.Check<T>(nameof(ReduceScatter), reduction);
        CommunicatorChecks.Parts(nameof(ReduceScatter), part.Length, all.Length, Size);
        if (all.Overlaps(part)) throw new ArgumentException("ReduceScatter: part overlaps all; expected memory of its own.", nameof(part));
        Begin();
        Scatter(nameof(ReduceScatter), all, part, reduction);
    }

    /// <inheritdoc/>
    public void Broadcast<T>(Span<T> values, int root = 0)
        where T : unmanaged
    {
        CommunicatorChecks.Root(nameof(Broadcast), root, Size);
        Begin();
        Give(nameof(Broadcast), values, root);
        if (Rank == root) Count<T>((long)values.Length * (Size - 1), Size - 1);
    }

    /// <summary>Sends to one rank, which receives as many elements; may return only when that rank receives.</summary>
    public void Send<T>(ReadOnlySpan<T> values, int to)
        where T : unmanaged
    {
        CommunicatorChecks.Partner(nameof(Send), nameof(to), to, Rank, Size);
        Begin();
        Pair<T>(nameof(Send), values, [], to);
    }

    /// <inheritdoc/>
    public void Receive<T>(Span<T> values, int from)
        where T : unmanaged
    {
        CommunicatorChecks.Partner(nameof(Receive), nameof(from), from, Rank, Size);
        Begin();
        Pair(nameof(Receive), [], values, from);
    }

    /// <inheritdoc/>
    public void Exchange<T>(ReadOnlySpan<T> sent, Span<T> received, int partner)
        where T : unmanaged
    {
        CommunicatorChecks.Partner(nameof(Exchange), nameof(partner), partner, Rank, Size);
        CommunicatorChecks.Exchanged(sent.Length, received.Length);
        Begin();
        Pair(nameof(Exchange), sent, received, partner);
    }

    /// <inheritdoc/>
    public void Barrier()
    {
        Begin();
        nint request = 0;
        Mpi.Check(nameof(Barrier), Mpi.Ibarrier(_communicator, &request));
        Wait(nameof(Barrier), request);
    }

    /// <inheritdoc/>
    public ICommunicator Split(int color, int key)
    {
        // The wishes travel first, so that each rank knows whom it is with; it also waits here, where a failure is noticed.
        int[] wishes = new int[3 * Size];
        AllGather<int>([color, key, _members[Rank]], wishes);
        List<(int Key, int Rank)> chosen = [];
        for (int rank = 0; rank < Size; rank++)
            if (wishes[3 * rank] == color) chosen.Add((wishes[(3 * rank) + 1], rank));
        chosen.Sort();
        int own = chosen.FindIndex(one => one.Rank == Rank);
        nint group = 0;
        // MPI's colours are not negative; the lowest rank of a group will do as well.
        Mpi.Check(nameof(Split), Mpi.CommSplit(_communicator, chosen.Min(one => one.Rank), own, &group));
        return new MpiCommunicator(_world, group, [.. chosen.Select(one => _members[one.Rank])], own);
    }

    /// <summary>Collective: frees a group. Of all ranks: returns when all ranks have come here, and ends MPI.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        if (_isWorld) _world.End();
        else if (!_world.HasEnded)
            fixed (nint* place = &_communicator) _ = Mpi.CommFree(place);
        _communicator = 0;
    }

    private void ReducePiece<T>(string operation, Span<T> values, Reduction reduction)
        where T : unmanaged
    {
        nint request = 0;
        fixed (T* place = values)
        {
            Mpi.Check(operation, Mpi.Iallreduce(Mpi.InPlace, place, values.Length, TypeOf<T>(), Operator(reduction), _communicator, &request));
            Wait(operation, request);
        }
        Count<T>(2L * (Size - 1) * values.Length / Size, 2 * (Size - 1));
    }

    // Two ranks exchange all they have, which takes one step where MPI's all-reduce takes several, and moves as much.
    private void ReducePair<T>(Span<T> values, Reduction reduction)
        where T : unmanaged
    {
        int stretch = StretchBytes / Unsafe.SizeOf<T>();
        do
        {
            Span<T> own = values[..Math.Min(stretch, values.Length)];
            Span<T> other = Scratch<T>(own.Length);
            Pair<T>(nameof(AllReduce), own, other, 1 - Rank);
            Reductions.Combine<T>(Rank == 0 ? own : other, Rank == 0 ? other : own, own, reduction);
            values = values[own.Length..];
        }
        while (values.Length > 0);
    }

    private Span<T> Scratch<T>(int length)
        where T : unmanaged
    {
        int size = length * Unsafe.SizeOf<T>();
        if (_scratch.Length < size) _scratch = new byte[size];
        return MemoryMarshal.Cast<byte, T>(_scratch.AsSpan(0, size));
    }

    // Every rank adds up its share of all ranks' numbers and rounds it once, which no operator of MPI could do for more than two ranks.
    private void ReduceRounded(Span<BFloat16> values, Reduction reduction)
    {
        int part = Math.Min(StretchBytes / sizeof(BFloat16) / Size, (values.Length + Size - 1) / Size);
        BFloat16[] whole = new BFloat16[part * Size];
        do
        {
            int count = Math.Min(whole.Length, values.Length);
            values[..count].CopyTo(whole);
            Scatter(nameof(AllReduce), whole, whole.AsSpan(Rank * part, part), reduction);
            Gather(nameof(AllReduce), whole.AsSpan(), part);
            Count<BFloat16>((long)part * (Size - 1), Size - 1);
            whole.AsSpan(0, count).CopyTo(values);
            values = values[count..];
        }
        while (values.Length > 0);
    }

    // Each rank gets its part of all ranks' numbers and adds them up in the order of the ranks; MPI's own non-blocking operation may move
    // half as much again. A stretch of the part is written when that of all has been sent, so that the part may lie where it lies in all.
    private void Scatter<T>(string operation, Span<T> all, Span<T> part, Reduction reduction)
        where T : unmanaged
    {
        int stretch = Math.Max(1, StretchBytes / Unsafe.SizeOf<T>() / Size), length = part.Length;
        T[] sent = new T[Math.Min(stretch, length) * Size], received = new T[sent.Length];
        for (int start = 0; start == 0 || start < length; start += stretch)
        {
            int count = Math.Min(stretch, length - start), size = count * sizeof(T);
            for (int rank = 0; rank < Size; rank++) all.Slice((rank * length) + start, count).CopyTo(sent.AsSpan(rank * count));
            nint request = 0;
            fixed (T* from = sent, to = received)
            {
                Mpi.Check(operation, Mpi.Ialltoall(from, size, Mpi.Byte, to, size, Mpi.Byte, _communicator, &request));
                Wait(operation, request);
            }
            Reductions.Reduce<T>(received.AsSpan(0, count * Size), part.Slice(start, count), reduction);
            Count<T>((long)count * (Size - 1), Size - 1);
        }
    }

    // The rank's own part is in its place.
    private void Gather<T>(string operation, Span<T> all, int part)
        where T : unmanaged
    {
        long size = (long)part * Unsafe.SizeOf<T>();
        // Some libraries multiply the size of a part and the number of ranks as ints.
        if (size > PieceBytes || size * Size > int.MaxValue)
        {
            for (int rank = 0; rank < Size; rank++) Give(operation, all.Slice(rank * part, part), rank);
            return;
        }
        nint request = 0;
        fixed (T* place = all)
        {
            Mpi.Check(operation, Mpi.Iallgather(Mpi.InPlace, 0, Mpi.Byte, place, (int)size, Mpi.Byte, _communicator, &request));
            Wait(operation, request);
        }
    }

    private void Give<T>(string operation, Span<T> values, int root)
        where T : unmanaged
    {
        int piece = PieceBytes / Unsafe.SizeOf<T>();
        do
        {
            Span<T> some = values[..Math.Min(piece, values.Length)];
            nint request = 0;
            fixed (T* place = some)
            {
                Mpi.Check(operation, Mpi.Ibcast(place, some.Length * sizeof(T), Mpi.Byte, root, _communicator, &request));
                Wait(operation, request);
            }
            values = values[some.Length..];
        }
        while (values.Length > 0);
    }

    private void Pair<T>(string operation, ReadOnlySpan<T> sent, Span<T> received, int partner)
        where T : unmanaged
    {
        int piece = PieceBytes / Unsafe.SizeOf<T>(), length = Math.Max(sent.Length, received.Length);
        Count<T>(sent.Length, operation == nameof(Receive) ? 0 : 1);
        fixed (T* from = sent, to = received)
            for (int start = 0; start == 0 || start < length; start += piece)
            {
                int size = Math.Min(piece, length - start) * sizeof(T);
                PairPiece(operation, from + start, to + start, size, partner);
            }
    }

    private void PairPiece(string operation, void* from, void* to, int size, int partner)
    {
        nint receiving = 0, sending = 0;
        try
        {
            if (operation != nameof(Send)) Mpi.Check(operation, Mpi.Irecv(to, size, Mpi.Byte, partner, 0, _communicator, &receiving));
            if (operation != nameof(Receive)) Mpi.Check(operation, Mpi.Isend(from, size, Mpi.Byte, partner, 0, _communicator, &sending));
            if (operation != nameof(Send)) _world.Wait(operation, receiving, _members.AsSpan(partner, 1));
            if (operation != nameof(Receive)) _world.Wait(operation, sending, _members.AsSpan(partner, 1));
        }
        catch (CommunicationException error) when (operation is not (nameof(Send) or nameof(Receive)))
        {
            // MPI may go on with the other of the two requests, so the memory stays where it is until the job has ended.
            Watch.Fail(error.Message);
        }
    }

    private void Wait(string operation, nint request) => _world.Wait(operation, request, _members);

    private nint Operator(Reduction reduction) => reduction == Reduction.Sum ? Mpi.Sum : Mpi.Max;

    private nint TypeOf<T>() =>
        typeof(T) == typeof(float) ? Mpi.Float : typeof(T) == typeof(double) ? Mpi.Double : typeof(T) == typeof(int) ? Mpi.Int : Mpi.Long;

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
}
