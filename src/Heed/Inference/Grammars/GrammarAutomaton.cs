using System.Runtime.InteropServices;

namespace Heed.Inference.Grammars;

/// <summary>
/// A network run over bytes, deterministically: a state is the set of places in the network, each with the stack of calls
/// above it, in which the bytes read so far may have ended. States and the steps between them are made when first asked for.
/// A place is kept only where its rule, and all those above it, can still end within the bound of nesting. Not for several
/// threads at once.
/// </summary>
internal sealed class GrammarAutomaton
{
    /// <summary>The state from which nothing matches.</summary>
    public const int Dead = 0;

    private const int MaxPlaces = 4096, Unknown = -1;
    private readonly GrammarNetwork _network;
    private readonly NestingHeights _heights;
    private readonly byte[] _classOf = new byte[256];
    private readonly List<byte> _representatives = [];
    private readonly List<Frame> _stacks = [new Frame(-1, -1, 0)];
    private readonly Dictionary<(int Return, int Parent), int> _stackIds = [];
    private readonly List<long[]> _states = [];
    private readonly List<int> _peaks = [];
    private readonly Dictionary<long[], int> _stateIds = new(new SameSet());
    private readonly HashSet<long> _seen = [];
    private readonly Stack<long> _open = new();
    private readonly List<long> _kept = [];
    private int[] _next = [];
    private int _peak;
    private bool _ends;

    /// <param name="network">The network.</param>
    /// <param name="heights">What each of its states needs to end, with the bytes that there are.</param>
    /// <param name="bytes">For each byte whether a text may have it.</param>
    public GrammarAutomaton(GrammarNetwork network, NestingHeights heights, bool[] bytes)
    {
        (_network, _heights) = (network, heights);
        FindClasses(bytes);
        Intern([0]);
        Start = At(network.Starts[0], 0);
    }

    public int Start { get; }

    public int StateCount => _states.Count;

    /// <summary>How many places have been visited in all, as a measure of work.</summary>
    public long Work { get; private set; }

    /// <summary>The memory that states and steps take, roughly.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether the text may end here.</summary>
    public bool Accepts(int state) => _states[state][0] != 0;

    /// <summary>Whether the text ends here and nothing can follow.</summary>
    public bool IsFinal(int state) => state != Dead && _states[state].Length == 1;

    /// <summary>The most nesting that led to the state, or was needed to end it.</summary>
    public int Peak(int state) => _peaks[state];

    /// <summary>The places of a state, by their stacks: see <see cref="StackOf"/>.</summary>
    public ReadOnlySpan<long> Places(int state) => _states[state].AsSpan(1);

    public static int StackOf(long place) => (int)(place >> 32);

    /// <summary>The nesting of a stack.</summary>
    public int Depth(int stack) => _stacks[stack].Depth;

    /// <summary>The state after one more byte.</summary>
    /// <exception cref="GrammarException">There are too many ways to read the text.</exception>
    public int Step(int state, byte value)
    {
        int next = _next[state * _representatives.Count + _classOf[value]];
        return next != Unknown ? next : Make(state, _classOf[value]);
    }

    /// <summary>The state in which the rule on top of a stack has just ended.</summary>
    public int Popped(int stack) => At(_stacks[stack].Return, _stacks[stack].Parent);

    /// <summary>The state of some places of one stack, either with it or as if it were empty.</summary>
    public int Only(ReadOnlySpan<long> places, bool withoutStack)
    {
        long[] set = new long[places.Length + 1];
        for (int i = 0; i < places.Length; i++) set[i + 1] = withoutStack ? (uint)places[i] : places[i];
        _peak = 0;
        return Intern(set);
    }

    /// <summary>A state of another automaton of the same network, as one of this one.</summary>
    public int Import(GrammarAutomaton other, int state)
    {
        long[] set = (long[])other._states[state].Clone();
        Dictionary<int, int> stacks = new() { [0] = 0 };
        for (int i = 1; i < set.Length; i++) set[i] = Place((int)(uint)set[i], ImportStack(other, StackOf(set[i]), stacks));
        set.AsSpan(1).Sort();
        _peak = other._peaks[state];
        return Intern(set);
    }

    private static long Place(int state, int stack) => ((long)stack << 32) | (uint)state;

    private int ImportStack(GrammarAutomaton other, int stack, Dictionary<int, int> known)
    {
        List<int> missing = [];
        while (!known.ContainsKey(stack))
        {
            missing.Add(stack);
            stack = other._stacks[stack].Parent;
        }
        int mine = known[stack];
        for (int i = missing.Count - 1; i >= 0; i--)
        {
            Frame frame = other._stacks[missing[i]];
            mine = Push(frame.Return, mine, frame.Depth);
            known[missing[i]] = mine;
        }
        return mine;
    }

    /// <summary>Bytes between which no edge tells apart share a class, so that a state's steps take little memory.</summary>
    private void FindClasses(bool[] bytes)
    {
        bool[] starts = new bool[257];
        starts[0] = true;
        for (int state = 0; state < _network.StateCount; state++)
            foreach (GrammarNetwork.ByteEdge edge in _network.Edges(state)) starts[edge.Low] = starts[edge.High + 1] = true;
        for (int value = 0; value < 256; value++)
        {
            if (value > 0 && bytes[value] != bytes[value - 1]) starts[value] = true;
            if (starts[value]) _representatives.Add((byte)value);
            _classOf[value] = (byte)(_representatives.Count - 1);
        }
    }

    private int At(int place, int stack)
    {
        Begin();
        Visit(place, stack);
        return Finish();
    }

    private int Make(int state, int class_)
    {
        byte value = _representatives[class_];
        Begin();
        foreach (long place in Places(state))
            foreach (GrammarNetwork.ByteEdge edge in _network.Edges((int)(uint)place))
                if (edge.Low <= value && value <= edge.High) Visit(edge.Target, StackOf(place));
        int next = Finish();
        _next[state * _representatives.Count + class_] = next;
        return next;
    }

    private void Begin()
    {
        _seen.Clear();
        _kept.Clear();
        (_peak, _ends) = (0, false);
    }

    private void Visit(int place, int stack)
    {
        Enter(place, stack);
        while (_open.TryPop(out long open))
        {
            (int state, int above) = ((int)(uint)open, StackOf(open));
            Work++;
            if (_network.Accepts(state))
            {
                if (above == 0) _ends = true;
                else Enter(_stacks[above].Return, _stacks[above].Parent);
            }
            foreach (GrammarNetwork.Move move in _network.Moves(state))
            {
                if (move.Rule < 0) Enter(move.Target, above);
                else if (move.IsTail) Enter(_network.Starts[move.Rule], above);
                else Call(move, above);
            }
            if (_network.Edges(state).Length == 0) continue;
            if (_kept.Count >= MaxPlaces) Throw();
            _kept.Add(open);
        }
    }

    private void Call(GrammarNetwork.Move move, int above)
    {
        int depth = _stacks[above].Depth + _network.Weight(move.Rule);
        // Looked at before the stack is made: what has no room leaves nothing behind.
        if (!Fits(_heights.Of(move.Target), _stacks[above].Depth) || !Fits(_heights.Of(_network.Starts[move.Rule]), depth)) return;
        Enter(_network.Starts[move.Rule], Push(move.Target, above, depth));
    }

    private void Enter(int place, int stack)
    {
        if (!Fits(_heights.Of(place), _stacks[stack].Depth)) return;
        long both = Place(place, stack);
        if (!_seen.Add(both)) return;
        if (_seen.Count > 16 * MaxPlaces) Throw();
        _open.Push(both);
    }

    private bool Fits(int height, int depth)
    {
        if (height + depth > _network.MaxNesting) return false;
        _peak = Math.Max(_peak, height + depth);
        return true;
    }

    private int Push(int back, int parent, int depth)
    {
        ref int id = ref CollectionsMarshal.GetValueRefOrAddDefault(_stackIds, (back, parent), out bool exists);
        if (exists) return id;
        id = _stacks.Count;
        _stacks.Add(new Frame(back, parent, depth));
        Bytes += 64;
        return id;
    }

    private int Finish()
    {
        if (_kept.Count == 0 && !_ends) return Dead;
        _kept.Sort();
        long[] set = new long[_kept.Count + 1];
        set[0] = _ends ? 1 : 0;
        _kept.CopyTo(set, 1);
        return Intern(set);
    }

    private int Intern(long[] set)
    {
        ref int id = ref CollectionsMarshal.GetValueRefOrAddDefault(_stateIds, set, out bool exists);
        if (exists)
        {
            _peaks[id] = Math.Max(_peaks[id], _peak);
            return id;
        }
        id = _states.Count;
        _states.Add(set);
        _peaks.Add(_peak);
        int classes = _representatives.Count;
        if (_next.Length < _states.Count * classes) Array.Resize(ref _next, Math.Max(16 * classes, _next.Length * 2));
        _next.AsSpan(id * classes, classes).Fill(id == Dead ? Dead : Unknown);
        Bytes += 96 + 8 * set.Length + 4 * classes;
        return id;
    }

    private static void Throw() =>
        throw new GrammarException($"Grammar: there are more than {MaxPlaces} ways to read the text so far; the grammar is too ambiguous.");

    /// <summary>A call that has not ended: where it goes on, what called it, and the nesting.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Frame(int Return, int Parent, int Depth);

    /// <summary>Equal contents are equal sets.</summary>
    private sealed class SameSet : IEqualityComparer<long[]>
    {
        public bool Equals(long[]? x, long[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(long[] obj)
        {
            HashCode hash = default;
            hash.AddBytes(MemoryMarshal.AsBytes(obj.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
