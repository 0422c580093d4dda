namespace Heed.Inference.Grammars;

/// <summary>
/// For each state of a network the least nesting, beyond that of its own rule, with which the rule can still be ended; what
/// can never end has <see cref="Endless"/>. States are settled from the least height on (Knuth 1977, "A generalization of
/// Dijkstra's algorithm").
/// </summary>
internal sealed class NestingHeights
{
    public const int Endless = int.MaxValue / 2;
    private readonly int[] _heights;

    /// <param name="network">The network.</param>
    /// <param name="bytes">For each byte whether a text may have it; null for all.</param>
    /// <param name="reads">False counts no edge that reads: what ends then, ends without reading.</param>
    public NestingHeights(GrammarNetwork network, bool[]? bytes, bool reads = true)
    {
        int count = network.StateCount;
        _heights = new int[count];
        Array.Fill(_heights, Endless);
        List<(int Target, int Source, int Move)> links = [];
        for (int state = 0; state < count; state++)
        {
            if (reads)
                foreach (GrammarNetwork.ByteEdge edge in network.Edges(state))
                    if (bytes is null || bytes.AsSpan(edge.Low..(edge.High + 1)).Contains(true)) links.Add((edge.Target, state, -1));
            ReadOnlySpan<GrammarNetwork.Move> moves = network.Moves(state);
            for (int i = 0; i < moves.Length; i++)
            {
                links.Add((moves[i].Target, state, i));
                if (moves[i].Rule >= 0) links.Add((network.Starts[moves[i].Rule], state, i));
            }
        }
        Settle(network, links);
    }

    public int Of(int state) => _heights[state];

    private void Settle(GrammarNetwork network, List<(int Target, int Source, int Move)> links)
    {
        int count = network.StateCount;
        int[] starts = new int[count + 1];
        foreach ((int target, _, _) in links) starts[target + 1]++;
        for (int state = 0; state < count; state++) starts[state + 1] += starts[state];
        int[] at = starts[..^1];
        (int Source, int Move)[] into = new (int, int)[links.Count];
        foreach ((int target, int source, int move) in links) into[at[target]++] = (source, move);

        PriorityQueue<int, int> open = new();
        for (int state = 0; state < count; state++)
            if (network.Accepts(state)) open.Enqueue(state, 0);
        while (open.TryDequeue(out int state, out int height))
        {
            if (_heights[state] <= height) continue;
            _heights[state] = height;
            foreach ((int source, int move) in into.AsSpan(starts[state]..starts[state + 1]))
            {
                int candidate = move < 0 ? height : Through(network, network.Moves(source)[move]);
                if (candidate < _heights[source]) open.Enqueue(source, candidate);
            }
        }
    }

    private int Through(GrammarNetwork network, GrammarNetwork.Move move)
    {
        if (move.Rule < 0) return _heights[move.Target];
        int inside = _heights[network.Starts[move.Rule]] + (move.IsTail ? 0 : network.Weight(move.Rule));
        return Math.Min(Endless, Math.Max(_heights[move.Target], inside));
    }
}
