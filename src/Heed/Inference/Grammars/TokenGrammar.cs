using System.Runtime.InteropServices;

namespace Heed.Inference.Grammars;

/// <summary>
/// A grammar over a vocabulary: which tokens may follow a text, as a bit for each. Masks are kept by state. The part of a
/// mask that the rules in progress decide by themselves, whatever called them, is kept by itself and shared by all states
/// that differ in their callers only. Safe for several threads.
/// </summary>
internal sealed class TokenGrammar
{
    private const long MaxBytes = 96L << 20;
    private const int MostGroups = 8;
    private const long MaxWork = 12_000_000;
    private readonly Lock _gate = new();
    private readonly GrammarNetwork _network;
    private readonly NestingHeights _heights;
    private readonly VocabularyTrie _trie;
    private readonly int[] _path;
    private readonly long _maxBytes;
    private readonly Dictionary<int, ulong[]> _masks = [];
    private readonly Dictionary<int, LocalMask> _locals = [];
    private GrammarAutomaton _automaton;
    private long _maskBytes, _workBound;

    public TokenGrammar(GrammarNetwork network, VocabularyTrie trie, long maxBytes = MaxBytes)
    {
        (_network, _trie, _maxBytes) = (network, trie, maxBytes);
        _path = new int[trie.MaxDepth + 1];
        _heights = new NestingHeights(network, trie.Bytes);
        _automaton = new GrammarAutomaton(network, _heights, trie.Bytes);
    }

    public VocabularyTrie Vocabulary => _trie;

    /// <summary>How often all that was kept has been dropped.</summary>
    public int Flushes { get; private set; }

    /// <summary>Where a text begins.</summary>
    public GrammarState Start
    {
        get
        {
            lock (_gate) return new GrammarState(_automaton, _automaton.Start);
        }
    }

    /// <summary>The state after more bytes.</summary>
    public GrammarState Advance(GrammarState state, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            Current(ref state);
            _workBound = _automaton.Work + MaxWork;
            int id = state.Id;
            foreach (byte value in bytes) id = _automaton.Step(id, value);
            return state with { Id = id };
        }
    }

    /// <summary>Whether the text may end here.</summary>
    public bool Accepts(GrammarState state)
    {
        lock (_gate) return state.Automaton.Accepts(state.Id);
    }

    /// <summary>Whether nothing can follow.</summary>
    public bool IsFinal(GrammarState state)
    {
        lock (_gate) return state.Automaton.IsFinal(state.Id);
    }

    /// <summary>A bit for each token that may follow; not to be changed.</summary>
    /// <exception cref="GrammarException">There are too many ways to read what may follow.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ulong[] Mask(ref GrammarState state, CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            Current(ref state);
            if (_masks.TryGetValue(state.Id, out ulong[]? known)) return known;
            _workBound = _automaton.Work + MaxWork;
            ulong[] mask = MakeMask(state.Id, cancellation);
            _masks.Add(state.Id, mask);
            _maskBytes += 64 + 8 * mask.Length;
            return mask;
        }
    }

    /// <summary>A bit for each token, where <paramref name="bytesOf"/> says what it adds: for the start of a text, where that is something else.</summary>
    public ulong[] MaskOf(GrammarState state, Func<int, ReadOnlyMemory<byte>> bytesOf)
    {
        ulong[] mask = NewMask();
        for (int id = 0; id < _trie.Count; id++)
        {
            ReadOnlyMemory<byte> bytes = bytesOf(id);
            if (bytes.Length > 0 && Advance(state, bytes.Span).Id != GrammarAutomaton.Dead) mask[id >> 6] |= 1ul << id;
        }
        return mask;
    }

    private int MostExits => Math.Max(64, _trie.Labels.Length / 32);

    private ulong[] NewMask() => new ulong[(_trie.Count + 63) / 64];

    /// <summary>Brings a state into the automaton in use; a new one begins where the old one has grown too large.</summary>
    private void Current(ref GrammarState state)
    {
        if (_automaton.Bytes + _maskBytes > _maxBytes)
        {
            _automaton = new GrammarAutomaton(_network, _heights, _trie.Bytes);
            _masks.Clear();
            _locals.Clear();
            _maskBytes = 0;
            Flushes++;
        }
        if (!ReferenceEquals(state.Automaton, _automaton)) state = new GrammarState(_automaton, _automaton.Import(state.Automaton, state.Id));
    }

    private ulong[] MakeMask(int state, CancellationToken cancellation)
    {
        ulong[] mask = NewMask();
        // Copied: the automaton's states move while new ones are made.
        long[] places = _automaton.Places(state).ToArray();
        List<long> rest = [];
        for (int from = 0, groups = 0; from < places.Length; groups++)
        {
            int stack = GrammarAutomaton.StackOf(places[from]), end = from + 1;
            while (end < places.Length && GrammarAutomaton.StackOf(places[end]) == stack) end++;
            if (stack == 0 || groups >= MostGroups || !AddShared(places.AsSpan(from..end), stack, mask, cancellation)) rest.AddRange(places.AsSpan(from..end));
            from = end;
        }
        if (rest.Count > 0) Walk(0, _trie.Labels.Length, _automaton.Only(CollectionsMarshal.AsSpan(rest), withoutStack: false), mask, exits: null, cancellation);
        return mask;
    }

    /// <summary>Adds the tokens that may follow at places of one stack, by what is shared with other stacks.</summary>
    /// <returns>Whether there is such a thing.</returns>
    private bool AddShared(ReadOnlySpan<long> places, int stack, ulong[] mask, CancellationToken cancellation)
    {
        LocalMask shared = Local(_automaton.Only(places, withoutStack: true), cancellation);
        if (shared.Exits is not { } exits || shared.Peak + _automaton.Depth(stack) > _network.MaxNesting) return false;
        for (int i = 0; i < mask.Length; i++) mask[i] |= shared.Bits[i];
        if (exits.Length == 0) return true;
        int after = _automaton.Popped(stack);
        foreach (int node in exits) Walk(node + 1, _trie.Ends[node], after, mask, exits: null, cancellation);
        return true;
    }

    private LocalMask Local(int state, CancellationToken cancellation)
    {
        if (_locals.TryGetValue(state, out LocalMask? known)) return known;
        ulong[] bits = NewMask();
        List<int> exits = [];
        int peak = Walk(0, _trie.Labels.Length, state, bits, exits, cancellation);
        // Where a rule may end after most tokens, its caller decides about nearly all of them anyway.
        LocalMask made = exits.Count > MostExits ? new LocalMask([], null, 0) : new LocalMask(bits, [.. exits], peak);
        _locals.Add(state, made);
        _maskBytes += 96 + 8 * made.Bits.Length + 4 * (made.Exits?.Length ?? 0);
        return made;
    }

    /// <summary>Walks the tree from one node to before another, all below the same node, and sets the bits of tokens that match.</summary>
    /// <param name="from">The first node.</param>
    /// <param name="end">Behind the last node.</param>
    /// <param name="state">The state above the first node.</param>
    /// <param name="mask">Gets the bits.</param>
    /// <param name="exits">Gets the nodes with something below them at which the text may end, or null. Too many end the walk.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The most nesting on the way.</returns>
    private int Walk(int from, int end, int state, ulong[] mask, List<int>? exits, CancellationToken cancellation)
    {
        if (from >= end) return 0;
        GrammarAutomaton automaton = _automaton;
        byte[] labels = _trie.Labels;
        int[] depths = _trie.Depths, ends = _trie.Ends, firstIds = _trie.FirstIds, ids = _trie.Ids, path = _path;
        path[depths[from] - 1] = state;
        int peak = automaton.Peak(state), last = -1;
        for (int node = from; node < end;)
        {
            int next = automaton.Step(path[depths[node] - 1], labels[node]);
            if (next == GrammarAutomaton.Dead)
            {
                node = ends[node];
                continue;
            }
            if (next != last) (peak, last) = (Math.Max(peak, Check(automaton, next, cancellation)), next);
            path[depths[node]] = next;
            for (int i = firstIds[node]; i < firstIds[node + 1]; i++) mask[ids[i] >> 6] |= 1ul << ids[i];
            if (exits is not null && ends[node] > node + 1 && automaton.Accepts(next))
            {
                exits.Add(node);
                if (exits.Count > MostExits) break;
            }
            node++;
        }
        return peak;
    }

    private int Check(GrammarAutomaton automaton, int state, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (automaton.Work > _workBound) throw new GrammarException("Grammar: it takes too long to find out which tokens may follow; the grammar is too ambiguous.");
        return automaton.Peak(state);
    }

    /// <summary>What the rules in progress allow by themselves: tokens, and nodes at which they end and their caller goes on; null where that is not worth keeping.</summary>
    private sealed record LocalMask(ulong[] Bits, int[]? Exits, int Peak);
}
