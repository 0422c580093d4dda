namespace Heed.Nn;

/// <summary>The global tokens of rows that attend to one another, the first ones of each document, side by side in rows of their own.</summary>
internal sealed class GlobalRows
{
    /// <param name="rows">The rows.</param>
    /// <param name="tokens">How many tokens of a document are global.</param>
    /// <param name="bothWays">Whether they see all of their document, or the global tokens up to their own alone, which is all there is before them.</param>
    public GlobalRows(OwnRows rows, int tokens, bool bothWays)
    {
        int seq = rows.Seq, batch = rows.Positions.Length / Math.Max(seq, 1);
        int[] counts = [.. Enumerable.Range(0, batch).Select(row => Enumerable.Range(row * seq, seq).Count(IsGlobal))];
        SeesAll = bothWays;
        Count = counts.Length == 0 ? 0 : counts.Max();
        (Tokens, Positions, Limits, Firsts) = (new int[batch * Count], new int[batch * Count], new int[batch * Count], new int[batch * Count]);
        Places = new int[rows.Positions.Length];
        Array.Fill(Places, batch * Count);
        Array.Fill(Positions, -1);
        Array.Fill(Limits, -1);
        for (int row = 0; row < batch; row++)
        {
            int at = row * Count;
            for (int token = row * seq; token < (row + 1) * seq; token++)
                if (IsGlobal(token)) Add(token, at++, row);
            // What is too much in a row is some token that sees nothing.
            Tokens.AsSpan(at, (row + 1) * Count - at).Fill(row * seq);
        }

        bool IsGlobal(int token) => rows.Limits[token] >= 0 && token % seq - First(token) < tokens;

        int First(int token) => rows.FirstKeys.Length == 0 ? 0 : rows.FirstKeys[token];

        void Add(int token, int at, int row)
        {
            (Tokens[at], Positions[at], Places[token]) = (token, rows.Positions[token], at);
            int column = at - row * Count;
            (Firsts[at], Limits[at]) = bothWays ? (First(token), rows.Limits[token]) : (column - (token % seq - First(token)), column);
        }
    }

    /// <summary>Whether global tokens see all of their document, by its columns; else the global ones up to their own, by their places here.</summary>
    public bool SeesAll { get; }

    /// <summary>Global tokens in a row here, some of which may be fillers.</summary>
    public int Count { get; }

    /// <summary>[batch · count]: which of batch · seq each is.</summary>
    public int[] Tokens { get; }

    /// <summary>[batch · count]: where each stands in its document; −1 for a filler.</summary>
    public int[] Positions { get; }

    /// <summary>[batch · count]: the last key that each sees; −1 for none.</summary>
    public int[] Limits { get; }

    /// <summary>[batch · count]: the first one.</summary>
    public int[] Firsts { get; }

    /// <summary>[batch · seq]: which of batch · count each token is; batch · count for those that are not global.</summary>
    public int[] Places { get; }
}
