namespace Heed.Tensors;

/// <summary>
/// Which query of attention sees which key, as a value: masks combine with <c>&amp;</c> (both must show a pair) and
/// <c>|</c> (one is enough), and hold no matrix unless they are given one. Query i of a call stands at position
/// i + keys − queries: the last query at the last key.
/// </summary>
/// <remarks>A query that sees nothing gets zeros. What a masked key or value holds, NaN included, has no influence.</remarks>
public abstract partial record AttentionMask
{
    /// <summary>A size that a mask takes as it comes, showing something else for each index.</summary>
    private protected const int AnyRows = -1;

    private protected AttentionMask()
    {
    }

    /// <summary>1 if all batch rows see the same, the number of rows that the mask speaks of, or −1 for any number of different ones.</summary>
    internal virtual int BatchRows => 1;

    /// <summary>The same for heads.</summary>
    internal virtual int HeadRows => 1;

    /// <summary>Whether each pair has to be asked for.</summary>
    internal virtual bool IsPairwise => false;

    /// <summary>What both masks show.</summary>
    /// <exception cref="ArgumentException">They speak of different numbers of batch rows or heads.</exception>
    public static AttentionMask operator &(AttentionMask left, AttentionMask right) => new BothMasks(left, right);

    /// <summary>What one of the masks shows.</summary>
    /// <exception cref="ArgumentException">They speak of different numbers of batch rows or heads.</exception>
    public static AttentionMask operator |(AttentionMask left, AttentionMask right) => new EitherMask(left, right);

    /// <summary>Whether a query sees a key.</summary>
    /// <param name="query">The query, from 0.</param>
    /// <param name="key">The key, from 0.</param>
    /// <param name="queries">How many queries there are.</param>
    /// <param name="keys">How many keys there are.</param>
    /// <param name="batch">The batch row.</param>
    /// <param name="head">The query head.</param>
    /// <exception cref="ArgumentException">An index is out of bounds, or the mask does not fit the sizes.</exception>
    public bool Sees(int query, int key, int queries, int keys, int batch = 0, int head = 0) =>
        Cover(query..checked(query + 1), key..checked(key + 1), queries, keys, batch, head) == MaskCover.Full;

    /// <summary>Whether a rectangle of queries and keys is empty, full or mixed; an empty rectangle is empty.</summary>
    /// <param name="queryRange">Its queries.</param>
    /// <param name="keyRange">Its keys.</param>
    /// <param name="queries">How many queries there are.</param>
    /// <param name="keys">How many keys there are.</param>
    /// <param name="batch">The batch row.</param>
    /// <param name="head">The query head.</param>
    /// <exception cref="ArgumentException">A range is out of bounds, or the mask does not fit the sizes.</exception>
    public MaskCover Cover(Range queryRange, Range keyRange, int queries, int keys, int batch = 0, int head = 0)
    {
        CheckOne(queries, keys, batch, head);
        (int firstQuery, int queryCount) = queryRange.GetOffsetAndLength(queries);
        (int firstKey, int keyCount) = keyRange.GetOffsetAndLength(keys);
        if (queryCount == 0 || keyCount == 0) return MaskCover.Empty;
        MaskRuns runs = new();
        bool any = false, all = true;
        for (int i = firstQuery; i < firstQuery + queryCount; i++)
        {
            runs.Reset(firstKey, firstKey + keyCount);
            Narrow(new MaskRow(batch, head, i, queries, keys), runs);
            bool whole = runs.Count == 1 && runs.First == firstKey && runs.End == firstKey + keyCount;
            any |= runs.Count > 0;
            all &= whole;
            if (any && !all) return MaskCover.Mixed;
        }
        return all ? MaskCover.Full : MaskCover.Empty;
    }

    /// <summary>The mask of one batch row and head as a matrix [queries, keys], true where the key is seen; for pictures and tests.</summary>
    /// <param name="queries">How many queries there are.</param>
    /// <param name="keys">How many keys there are.</param>
    /// <param name="batch">The batch row.</param>
    /// <param name="head">The query head.</param>
    /// <exception cref="ArgumentException">The mask does not fit the sizes.</exception>
    public bool[,] ToMatrix(int queries, int keys, int batch = 0, int head = 0)
    {
        CheckOne(queries, keys, batch, head);
        bool[,] matrix = new bool[queries, keys];
        MaskRuns runs = new();
        for (int i = 0; i < queries; i++)
        {
            runs.Reset(0, keys);
            Narrow(new MaskRow(batch, head, i, queries, keys), runs);
            foreach ((int first, int end) in runs.Runs)
                for (int j = first; j < end; j++) matrix[i, j] = true;
        }
        return matrix;
    }

    /// <summary>The mask in the form that the kernels read.</summary>
    /// <exception cref="ArgumentException">The mask does not fit the sizes.</exception>
    internal CompiledMask Compile(int batch, int heads, int queries, int keys)
    {
        MaskSizes sizes = new(batch, heads, queries, keys);
        CheckSizes(sizes);
        return new MaskCompiler(this, sizes).Compile();
    }

    /// <summary>Takes the keys that a query does not see out of <paramref name="runs"/>.</summary>
    internal abstract void Narrow(in MaskRow row, MaskRuns runs);

    /// <summary>Fails if the mask cannot speak of these numbers of queries and keys.</summary>
    internal virtual void Check(in MaskSizes sizes)
    {
    }

    private void CheckOne(int queries, int keys, int batch, int head)
    {
        if (batch < 0 || head < 0) TensorErrors.Argument($"AttentionMask: got batch row {batch}, head {head}; expected 0 or more.");
        if (BatchRows > 1 && batch >= BatchRows) TensorErrors.Argument($"AttentionMask: got batch row {batch}; {this} speaks of {BatchRows}.");
        if (HeadRows > 1 && head >= HeadRows) TensorErrors.Argument($"AttentionMask: got head {head}; {this} speaks of {HeadRows}.");
        CheckSizes(new MaskSizes(BatchRows > 1 ? BatchRows : batch + 1, HeadRows > 1 ? HeadRows : head + 1, queries, keys));
    }

    private void CheckSizes(in MaskSizes sizes)
    {
        if (sizes.Batch < 0 || sizes.Heads < 0 || sizes.Queries < 0 || sizes.Keys < 0)
            TensorErrors.Argument($"AttentionMask: got {sizes.Batch} batch rows, {sizes.Heads} heads, {sizes.Queries} queries, {sizes.Keys} keys; expected 0 or more of each.");
        if ((long)sizes.Batch * sizes.Queries > Array.MaxLength)
            TensorErrors.Argument($"AttentionMask: got {sizes.Batch} batch rows of {sizes.Queries} queries; expected fewer than 2^31 in all.");
        if (BatchRows > 1 && sizes.Batch != BatchRows) TensorErrors.Argument($"AttentionMask: got {sizes.Batch} batch rows; {this} speaks of {BatchRows}.");
        if (HeadRows > 1 && sizes.Heads != HeadRows) TensorErrors.Argument($"AttentionMask: got {sizes.Heads} heads; {this} speaks of {HeadRows}.");
        Check(sizes);
    }
}
