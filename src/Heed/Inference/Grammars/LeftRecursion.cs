namespace Heed.Inference.Grammars;

/// <summary>Finds rules that come back to themselves without having read a byte: such a grammar has no end of stacks.</summary>
internal sealed class LeftRecursion(GrammarNetwork network, GrammarRules rules)
{
    private readonly NestingHeights _empty = new(network, bytes: null, reads: false);

    /// <exception cref="GrammarException">There is one; the message names the rules.</exception>
    public void Check()
    {
        int[][] first = new int[rules.Count][];
        int[] seen = new int[network.StateCount];
        for (int rule = 0; rule < rules.Count; rule++) first[rule] = FirstCalls(rule, seen);
        byte[] colors = new byte[rules.Count]; // 0 new, 1 on the way, 2 done
        List<(int Rule, int Next)> way = [];
        for (int root = 0; root < rules.Count; root++)
        {
            if (colors[root] != 0) continue;
            way.Add((root, 0));
            colors[root] = 1;
            while (way.Count > 0)
            {
                (int rule, int next) = way[^1];
                if (next == first[rule].Length)
                {
                    colors[rule] = 2;
                    way.RemoveAt(way.Count - 1);
                    continue;
                }
                way[^1] = (rule, next + 1);
                int callee = first[rule][next];
                if (colors[callee] == 1) Throw(way, callee);
                if (colors[callee] != 0) continue;
                colors[callee] = 1;
                way.Add((callee, 0));
            }
        }
    }

    /// <summary>The rules that may be called from a rule's start before a byte is read.</summary>
    private int[] FirstCalls(int rule, int[] seen)
    {
        HashSet<int> calls = [];
        Stack<int> open = new([network.Starts[rule]]);
        while (open.TryPop(out int state))
        {
            if (seen[state] == rule + 1) continue;
            seen[state] = rule + 1;
            foreach (GrammarNetwork.Move move in network.Moves(state))
            {
                if (move.Rule >= 0) calls.Add(move.Rule);
                if (move.Rule < 0 || _empty.Of(network.Starts[move.Rule]) < NestingHeights.Endless) open.Push(move.Target);
            }
        }
        return [.. calls];
    }

    private void Throw(List<(int Rule, int Next)> way, int callee)
    {
        IEnumerable<string> names = way.SkipWhile(step => step.Rule != callee).Select(step => rules[step.Rule].Name).Append(rules[callee].Name);
        throw new GrammarException($"Grammar: left recursion, {string.Join(" → ", names.Take(12))}: the rule comes back to itself before anything is read; write it with a repetition, or with the recursion at its end.");
    }
}
