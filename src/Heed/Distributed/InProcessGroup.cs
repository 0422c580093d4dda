using System.Diagnostics;

namespace Heed.Distributed;

/// <summary>
/// The place where the ranks of a group meet. Each turn every rank lays down bytes, all meet, and each reads what it needs. Places alternate
/// between turns: who has met for a turn has read all of the turn before, so one meeting a turn is enough.
/// </summary>
internal sealed class InProcessGroup
{
    /// <summary>What a rank lays down at most at once; longer spans go in stretches that stay in the cache.</summary>
    public const int StretchBytes = 1 << 18;

    // About what a wake-up costs; who waits longer than this blocks.
    private static readonly long s_spinTicks = Stopwatch.Frequency / 20_000;

    private readonly InProcessJob _job;
    private readonly int[] _members;
    private readonly byte[][][] _places;
    private readonly Call[][] _calls;
    private readonly object _gate = new();
    private readonly Dictionary<(int From, int To), Queue<(Type Element, byte[] Bytes)>> _letters = [];
    private readonly Dictionary<(long Turn, int Color), (InProcessGroup Group, int Missing)> _splits = [];
    private int _arrived, _gone;
    private volatile int _meeting;

    /// <param name="job">The run.</param>
    /// <param name="members">The ranks of the run that are ranks 0, 1… of this group.</param>
    public InProcessGroup(InProcessJob job, int[] members)
    {
        _job = job;
        _members = members;
        _places = [NewPlaces(members.Length), NewPlaces(members.Length)];
        _calls = [new Call[members.Length], new Call[members.Length]];
        job.Add(this);
    }

    public int Size => _members.Length;

    /// <summary>Lays down a rank's bytes for a turn and returns what all have laid down, once they have.</summary>
    public ReadOnlySpan<byte[]> Meet(long turn, int rank, Call call, ReadOnlySpan<byte> bytes)
    {
        int side = (int)(turn & 1);
        if (_places[side][rank].Length < bytes.Length) _places[side][rank] = new byte[bytes.Length];
        bytes.CopyTo(_places[side][rank]);
        _calls[side][rank] = call;
        Wait(rank, call.Operation);
        for (int other = 0; other < Size; other++)
            if (_calls[side][other] != call) throw new InvalidOperationException($"{call.Operation}: rank {rank} calls {call}, rank {other} calls {_calls[side][other]}; expected the same call on all ranks.");
        return _places[side];
    }

    public InProcessGroup Split(long turn, int color, int[] chosen)
    {
        lock (_splits)
        {
            if (!_splits.Remove((turn, color), out (InProcessGroup Group, int Missing) split))
                split = (new InProcessGroup(_job, Array.ConvertAll(chosen, rank => _members[rank])), chosen.Length);
            // Kept until all who belong to it have come for it.
            if (split.Missing > 1) _splits[(turn, color)] = (split.Group, split.Missing - 1);
            return split.Group;
        }
    }

    /// <summary>Says that a rank has disposed of its communicator; the last one lets the group go.</summary>
    public void Leave()
    {
        if (Interlocked.Increment(ref _gone) == Size) _job.Remove(this);
    }

    public void Send(int from, int to, Type element, byte[] bytes)
    {
        _job.ThrowIfFailed();
        lock (_gate)
        {
            Letters(from, to).Enqueue((element, bytes));
            Monitor.PulseAll(_gate);
        }
    }

    public (Type Element, byte[] Bytes) Receive(string operation, int from, int to)
    {
        lock (_gate)
        {
            (Type, byte[]) letter;
            while (!Letters(from, to).TryDequeue(out letter))
            {
                ThrowIfVain(operation, to, from);
                Monitor.Wait(_gate);
            }
            return letter;
        }
    }

    public void Wake()
    {
        lock (_gate) Monitor.PulseAll(_gate);
    }

    private void Wait(int rank, string operation)
    {
        _job.ThrowIfFailed();
        int mine = _meeting;
        if (Interlocked.Increment(ref _arrived) == Size)
        {
            _arrived = 0;
            lock (_gate)
            {
                _meeting = mine + 1;
                Monitor.PulseAll(_gate);
            }
            return;
        }
        if (Size <= Environment.ProcessorCount)
            for (long start = Stopwatch.GetTimestamp(); _meeting == mine && Stopwatch.GetTimestamp() - start < s_spinTicks;) Thread.SpinWait(8);
        if (_meeting != mine) return;
        lock (_gate)
            while (_meeting == mine)
            {
                for (int other = 0; other < Size; other++) ThrowIfVain(operation, rank, other);
                Monitor.Wait(_gate);
            }
    }

    private Queue<(Type Element, byte[] Bytes)> Letters(int from, int to)
    {
        if (!_letters.TryGetValue((from, to), out Queue<(Type, byte[])>? queue)) _letters[(from, to)] = queue = new();
        return queue;
    }

    // Asked in this order: a rank that fails says so before it returns.
    private void ThrowIfVain(string operation, int rank, int other)
    {
        bool returned = _job.HasReturned(_members[other]);
        _job.ThrowIfFailed();
        if (returned) throw new InvalidOperationException($"{operation}: rank {rank} waits for rank {other}, which has ended without this call.");
    }

    private static byte[][] NewPlaces(int size)
    {
        byte[][] empty = new byte[size][];
        Array.Fill(empty, []);
        return empty;
    }

    /// <summary>What a rank has called; the same on all.</summary>
    public readonly record struct Call(string Operation, Type Element, int Length, int Detail = 0)
    {
        public override string ToString() => $"{Operation} of {Length} {Element.Name} ({Detail})";
    }
}
