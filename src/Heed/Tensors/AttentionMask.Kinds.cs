namespace Heed.Tensors;

public abstract partial record AttentionMask
{
    /// <summary>Every query sees every key.</summary>
    public static AttentionMask All { get; } = new BandMask(int.MaxValue, int.MaxValue, 1, "All");

    /// <summary>A query at position p sees keys j ≤ p: the last query sees every key, also when there are fewer queries than keys.</summary>
    public static AttentionMask Causal { get; } = new BandMask(int.MaxValue, 0, 1, "Causal");

    /// <summary>A causal window of so many keys, the query's own included: p − window &lt; j ≤ p (Mistral, arXiv 2310.06825).</summary>
    /// <param name="window">Keys in the window, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="window"/> is below 1.</exception>
    public static AttentionMask SlidingWindow(int window)
    {
        MaskErrors.AtLeast("SlidingWindow", nameof(window), window, 1);
        return new BandMask(window - 1, 0, 1, $"SlidingWindow({window})");
    }

    /// <summary>
    /// A window of so many keys on each side of the query's own, <paramref name="dilation"/> positions apart:
    /// |p − j| ≤ window·dilation and p − j a multiple of dilation (Longformer, arXiv 2004.05150, section 3.1).
    /// </summary>
    /// <param name="window">Keys on each side, 0 or more.</param>
    /// <param name="dilation">The distance between them; 1 leaves no gap.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is too small.</exception>
    public static AttentionMask CenteredWindow(int window, int dilation = 1)
    {
        MaskErrors.AtLeast("CenteredWindow", nameof(window), window, 0);
        MaskErrors.AtLeast("CenteredWindow", nameof(dilation), dilation, 1);
        // int.MaxValue is the sign for no bound, and nobody can tell it from one less.
        return new BandMask(Math.Min(window, int.MaxValue - 1), Math.Min(window, int.MaxValue - 1), dilation, dilation == 1 ? $"CenteredWindow({window})" : $"CenteredWindow({window}, {dilation})");
    }

    /// <summary>Only real keys are seen; padding fills the rest of each batch row.</summary>
    /// <param name="realCounts">The number of real keys of each batch row; one number holds for all.</param>
    /// <param name="side">Where the padding stands.</param>
    /// <exception cref="ArgumentException">No counts, or a negative one.</exception>
    public static AttentionMask Padding(ReadOnlySpan<int> realCounts, PaddingSide side = PaddingSide.Right) => new PaddingCountMask(realCounts, side);

    /// <summary>Only real keys are seen.</summary>
    /// <param name="real">[batch, keys]: whether a key is real; one row holds for all.</param>
    /// <exception cref="ArgumentException">No batch rows.</exception>
    public static AttentionMask Padding(bool[,] real) => new PaddingMask(real);

    /// <summary>A query sees the keys of its own document, those that bear the number at the query's position.</summary>
    /// <param name="ids">[keys]: the document's number at each position; the queries are the last of them.</param>
    public static AttentionMask Documents(ReadOnlySpan<int> ids) => new DocumentMask([ids.ToArray()]);

    /// <summary>A query sees the keys of its own document, those that bear the number at the query's position.</summary>
    /// <param name="ids">[batch, keys]: the document's number at each position; the queries are the last of them.</param>
    /// <exception cref="ArgumentException">No batch rows.</exception>
    public static AttentionMask Documents(int[,] ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        int[][] rows = new int[ids.GetLength(0)][];
        for (int b = 0; b < rows.Length; b++)
        {
            rows[b] = new int[ids.GetLength(1)];
            for (int j = 0; j < rows[b].Length; j++) rows[b][j] = ids[b, j];
        }
        return new DocumentMask(rows);
    }

    /// <summary>Every query sees the keys before the length; <c>Causal | Prefix(n)</c> is a prefix language model's mask.</summary>
    /// <param name="lengths">The length of the prefix, or one per batch row.</param>
    /// <exception cref="ArgumentException">No lengths, or a negative one.</exception>
    public static AttentionMask Prefix(params ReadOnlySpan<int> lengths) => new PrefixMask(lengths);

    /// <summary>Queries at these positions see every key, and every query sees these keys; positions beyond the keys have no effect.</summary>
    /// <param name="positions">The global positions (Longformer, arXiv 2004.05150).</param>
    /// <exception cref="ArgumentOutOfRangeException">A position is negative.</exception>
    public static AttentionMask GlobalTokens(params ReadOnlySpan<int> positions) => new GlobalTokensMask(positions);

    /// <summary>
    /// BigBird's sparse attention in blocks (Zaheer et al. 2020, arXiv 2007.14062): a query block sees the window around
    /// itself, the global blocks, and some drawn by chance among the others; global blocks see all. The same for all heads.
    /// </summary>
    /// <param name="block">Positions in a block.</param>
    /// <param name="window">Blocks in the window, the query's own and as many on either side: an odd number.</param>
    /// <param name="global">Blocks at the start that see all and that all see.</param>
    /// <param name="random">Blocks drawn for each query block; fewer where fewer are left.</param>
    /// <param name="seed">What they are drawn from.</param>
    /// <param name="causal">Also causal, and drawn among earlier blocks only, so that later keys change nothing.</param>
    /// <exception cref="ArgumentException">An argument is too small, or the window even.</exception>
    public static AttentionMask BlockSparse(int block, int window = 3, int global = 2, int random = 3, int seed = 0, bool causal = false)
    {
        MaskErrors.AtLeast("BlockSparse", nameof(block), block, 1);
        MaskErrors.AtLeast("BlockSparse", nameof(window), window, 1);
        MaskErrors.AtLeast("BlockSparse", nameof(global), global, 0);
        MaskErrors.AtLeast("BlockSparse", nameof(random), random, 0);
        if (window % 2 == 0) TensorErrors.Argument($"AttentionMask.BlockSparse: got a window of {window} blocks; expected an odd number.");
        BlockSparseMask mask = new(block, window, global, random, seed, causal);
        return causal ? mask & Causal : mask;
    }

    /// <summary>What a function says, the same for all batch rows and heads; it is asked for every pair that no other mask of an <c>&amp;</c> hides.</summary>
    /// <param name="predicate">From the query's position (query + keys − queries) and the key to whether it is seen.</param>
    public static AttentionMask Predicate(Func<int, int, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return new PredicateMask((_, _, position, key) => predicate(position, key), Everywhere: true);
    }

    /// <summary>What a function says; it is asked for every batch row, head and pair that no other mask of an <c>&amp;</c> hides.</summary>
    /// <param name="predicate">From batch row, query head, the query's position (query + keys − queries) and the key to whether it is seen.</param>
    public static AttentionMask Predicate(Func<int, int, int, int, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return new PredicateMask(predicate, Everywhere: false);
    }

    /// <summary>A mask given pair by pair.</summary>
    /// <param name="seen">[queries, keys]; an axis of 1 holds for all.</param>
    public static AttentionMask Dense(bool[,] seen)
    {
        ArgumentNullException.ThrowIfNull(seen);
        return new DenseMask([.. seen.Cast<bool>()], Shape.Of(seen.GetLength(0), seen.GetLength(1)));
    }

    /// <summary>A mask given pair by pair.</summary>
    /// <param name="seen">The values in row-major order.</param>
    /// <param name="shape">A shape that broadcasts to [batch, heads, queries, keys].</param>
    /// <exception cref="ArgumentException">More than four axes, or another number of values.</exception>
    public static AttentionMask Dense(ReadOnlySpan<bool> seen, Shape shape) => new DenseMask(seen.ToArray(), shape);

    /// <summary>A mask given pair by pair: every element but 0 is seen, as in a Boolean tensor of another library.</summary>
    /// <param name="seen">A tensor that broadcasts to [batch, heads, queries, keys]; its numbers are copied.</param>
    /// <exception cref="ArgumentException">More than four axes.</exception>
    public static AttentionMask Dense(Tensor seen)
    {
        ArgumentNullException.ThrowIfNull(seen);
        return new DenseMask(Array.ConvertAll(seen.ToArray(), number => number != 0), seen.Shape);
    }
}
