using System.Runtime.InteropServices;

namespace Heed.Inference.Grammars;

/// <summary>
/// The rules as a recursive transition network: states with edges that read a byte and moves that read nothing, among them
/// calls of other rules. It does not change once it was made.
/// </summary>
internal sealed class GrammarNetwork
{
    private const int MaxStates = 400_000;
    private const int MaxSteps = 2_000_000;
    private readonly GrammarRules _rules;
    private readonly List<(int From, ByteEdge Edge)> _edgeList = [];
    private readonly List<(int From, Move Move)> _moveList = [];
    private readonly ByteEdge[] _edges;
    private readonly Move[] _moves;
    private readonly int[] _edgeStarts, _moveStarts;
    private readonly bool[] _accepts;
    private int _steps;

    /// <param name="rules">The rules, each with its body.</param>
    /// <param name="maxNesting">The most that the weights of the rules that have been called and not ended may sum up to.</param>
    /// <exception cref="GrammarException">The grammar is too large, calls itself without reading a byte, or matches no text.</exception>
    public GrammarNetwork(GrammarRules rules, int maxNesting)
    {
        (_rules, MaxNesting) = (rules, maxNesting);
        Starts = new int[rules.Count];
        List<int> ends = [];
        for (int rule = 0; rule < rules.Count; rule++)
        {
            Starts[rule] = NewState();
            ends.Add(Add(rules[rule].Body ?? throw new InvalidOperationException($"Rule {rules[rule].Name} has no body."), Starts[rule]));
        }
        _accepts = new bool[StateCount];
        foreach (int end in ends) _accepts[end] = true;
        (_edges, _edgeStarts) = Gather(_edgeList);
        (_moves, _moveStarts) = Gather(_moveList);
        _edgeList = [];
        _moveList = [];
        MarkTailCalls();
        new LeftRecursion(this, rules).Check();
        if (new NestingHeights(this, bytes: null).Of(Starts[0]) > maxNesting)
            throw new GrammarException($"Grammar: no text matches {rules[0].Name}: its parts contradict each other, or it needs itself without end.");
    }

    public int StateCount { get; private set; }

    public int MaxNesting { get; }

    /// <summary>The first state of each rule.</summary>
    public int[] Starts { get; }

    public ReadOnlySpan<ByteEdge> Edges(int state) => _edges.AsSpan(_edgeStarts[state].._edgeStarts[state + 1]);

    public ReadOnlySpan<Move> Moves(int state) => _moves.AsSpan(_moveStarts[state].._moveStarts[state + 1]);

    /// <summary>Whether the state's rule may end here.</summary>
    public bool Accepts(int state) => _accepts[state];

    public int Weight(int rule) => _rules[rule].Weight;

    private int NewState()
    {
        if (++StateCount > MaxStates)
            throw new GrammarException($"Grammar: it takes more than {MaxStates} states; bounded repetitions count as often as they say.");
        return StateCount - 1;
    }

    /// <summary>Adds the states and edges of a part.</summary>
    /// <returns>The state in which it has been read. Nothing leads back to <paramref name="from"/>.</returns>
    private int Add(GrammarPart part, int from)
    {
        if (++_steps > MaxSteps) throw new GrammarException($"Grammar: it takes more than {MaxSteps} steps to lay out; bounded repetitions count as often as they say.");
        switch (part)
        {
            case GrammarPart.Bytes bytes:
                return AddEdge(from, bytes.Low, bytes.High);
            case GrammarPart.Literal literal:
                foreach (byte value in literal.Value) from = AddEdge(from, value, value);
                return from;
            case GrammarPart.Sequence sequence:
                foreach (GrammarPart item in sequence.Parts) from = Add(item, from);
                return from;
            case GrammarPart.Choice choice:
                int end = NewState();
                foreach (GrammarPart item in choice.Parts) Join(Add(item, from), end);
                return end;
            case GrammarPart.Repeat repeat:
                return AddRepeat(repeat, from);
            case GrammarPart.Call call:
                int back = NewState();
                _moveList.Add((from, new Move(call.Rule, back, false)));
                return back;
            default:
                throw new InvalidOperationException($"A grammar part of kind {part.GetType().Name} is not known.");
        }
    }

    private int AddRepeat(GrammarPart.Repeat repeat, int from)
    {
        for (int i = 0; i < repeat.Min; i++) from = Add(repeat.Part, from);
        if (repeat.Max is not { } max)
        {
            int loop = NewState();
            Join(from, loop);
            Join(Add(repeat.Part, loop), loop);
            // What follows starts from a state of its own, so that an outer loop does not lead into this one.
            int after = NewState();
            Join(loop, after);
            return after;
        }
        int end = NewState();
        for (int i = repeat.Min; i < max; i++)
        {
            Join(from, end);
            from = Add(repeat.Part, from);
        }
        Join(from, end);
        return end;
    }

    private int AddEdge(int from, byte low, byte high)
    {
        int to = NewState();
        _edgeList.Add((from, new ByteEdge(low, high, to)));
        return to;
    }

    private void Join(int from, int to) => _moveList.Add((from, new Move(-1, to, false)));

    private (T[] Items, int[] Starts) Gather<T>(List<(int From, T Item)> list)
    {
        int[] starts = new int[StateCount + 1];
        foreach ((int from, _) in list) starts[from + 1]++;
        for (int state = 0; state < StateCount; state++) starts[state + 1] += starts[state];
        int[] at = starts[..^1];
        T[] items = new T[list.Count];
        foreach ((int from, T item) in list) items[at[from]++] = item;
        return (items, starts);
    }

    /// <summary>A call after which its rule has nothing left to read needs no return: repetition by recursion then takes no stack.</summary>
    private void MarkTailCalls()
    {
        foreach (ref Move move in _moves.AsSpan())
            if (move.Rule >= 0) move = move with { IsTail = !_rules[move.Rule].Counts && EndsAt(move.Target) };
    }

    private bool EndsAt(int state)
    {
        for (int hops = 0; hops < 16; hops++)
        {
            if (Edges(state).Length > 0) return false;
            ReadOnlySpan<Move> moves = Moves(state);
            if (_accepts[state]) return moves.Length == 0;
            if (moves.Length != 1 || moves[0].Rule >= 0) return false;
            state = moves[0].Target;
        }
        return false;
    }

    /// <summary>Reads a byte of a range.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct ByteEdge(byte Low, byte High, int Target);

    /// <summary>Goes on without reading: to a state, or, where <paramref name="Rule"/> is not −1, through a rule and then there.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Move(int Rule, int Target, bool IsTail);
}
