using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>A mask beside the plain predicate (batch, head, query, key) that says the same, made by chance.</summary>
internal sealed record RandomMask(AttentionMask Mask, Func<int, int, int, int, bool> Sees)
{
    private const int Kinds = 16;

    /// <summary>A mask of at most so many levels of <c>&amp;</c> and <c>|</c>.</summary>
    public static RandomMask Draw(Random random, int depth, int batch, int heads, int queries, int keys)
    {
        if (depth == 0 || random.Next(3) == 0) return Kind(random.Next(Kinds), random, batch, heads, queries, keys);
        RandomMask left = Draw(random, depth - 1, batch, heads, queries, keys), right = Draw(random, depth - 1, batch, heads, queries, keys);
        return random.Next(2) == 0
            ? new(left.Mask & right.Mask, (b, h, i, j) => left.Sees(b, h, i, j) && right.Sees(b, h, i, j))
            : new(left.Mask | right.Mask, (b, h, i, j) => left.Sees(b, h, i, j) || right.Sees(b, h, i, j));
    }

    /// <summary>One of the kinds alone.</summary>
    public static RandomMask Kind(int kind, Random random, int batch, int heads, int queries, int keys)
    {
        int shift = keys - queries, w = random.Next(1, 12), d = random.Next(1, 4);
        int[] counts = [.. Enumerable.Range(0, batch).Select(_ => random.Next(keys + 1))];
        int[,] ids = Table(batch, keys, (_, j) => random.Next(10) == 0 ? random.Next(3) : j / 9);
        bool[,] real = Table(batch, keys, (_, _) => random.Next(4) != 0);
        bool[,] pairs = Table(queries, keys, (_, _) => random.Next(3) != 0);
        bool[] all = [.. Enumerable.Range(0, batch * heads * queries * keys).Select(_ => random.Next(2) == 0)];
        int[] globals = [.. Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(keys + 3))];
        return kind switch
        {
            0 => new(AttentionMask.All, (_, _, _, _) => true),
            1 or 2 => new(AttentionMask.Causal, (_, _, i, j) => j <= i + shift),
            3 or 4 => new(AttentionMask.SlidingWindow(w), (_, _, i, j) => i + shift - w < j && j <= i + shift),
            5 => new(AttentionMask.CenteredWindow(w, d), (_, _, i, j) => Math.Abs(i + shift - j) <= w * d && (i + shift - j) % d == 0),
            6 => new(AttentionMask.Padding(counts), (b, _, _, j) => j < counts[b]),
            7 => new(AttentionMask.Padding(counts, PaddingSide.Left), (b, _, _, j) => j >= keys - counts[b]),
            8 => new(AttentionMask.Padding(real), (b, _, _, j) => real[b, j]),
            9 => new(AttentionMask.Documents(ids), (b, _, i, j) => i + shift >= 0 && ids[b, i + shift] == ids[b, j]),
            10 => new(AttentionMask.Prefix(counts), (b, _, _, j) => j < counts[b]),
            11 => new(AttentionMask.GlobalTokens(globals), (_, _, i, j) => globals.Contains(j) || globals.Contains(i + shift)),
            12 => new(AttentionMask.Predicate((p, j) => (p * 7 + j * 3) % 5 < 3), (_, _, i, j) => ((i + shift) * 7 + j * 3) % 5 < 3),
            13 => new(AttentionMask.Predicate((b, h, p, j) => (b + 2 * h + p + j) % 4 > 0), (b, h, i, j) => (b + 2 * h + i + shift + j) % 4 > 0),
            14 => new(AttentionMask.Dense(pairs), (_, _, i, j) => pairs[i, j]),
            _ => new(AttentionMask.Dense(all, new Shape(batch, heads, queries, keys)), (b, h, i, j) => all[((b * heads + h) * queries + i) * keys + j]),
        };
    }

    private static T[,] Table<T>(int rows, int columns, Func<int, int, T> of)
    {
        T[,] table = new T[rows, columns];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) table[i, j] = of(i, j);
        return table;
    }
}
