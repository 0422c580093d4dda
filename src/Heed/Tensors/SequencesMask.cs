namespace Heed.Tensors;

/// <summary>A mask of one sequence, laid over rows that hold several: each query's sequence are the keys of an interval of its own.</summary>
/// <param name="Inner">The mask; it sees the interval's keys alone, counted from its first.</param>
/// <param name="Limits">[batch · queries]: the interval's last key; −1 for a query that sees nothing.</param>
/// <param name="Firsts">[batch · queries]: its first one; empty if all are 0.</param>
/// <param name="Batch">The number of rows that differ; 1 if all are alike.</param>
internal sealed record SequencesMask(AttentionMask Inner, int[] Limits, int[] Firsts, int Batch) : AttentionMask
{
    internal override int BatchRows => Batch;

    internal override bool IsPairwise => Inner.IsPairwise;

    public override string ToString() => $"{Inner} in {Batch} rows of sequences";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        int at = (Batch == 1 ? 0 : row.Batch) * row.Queries + row.Query, limit = Limits[at], first = Firsts.Length == 0 ? 0 : Firsts[at];
        int keys = limit + 1 - first;
        if (keys <= 0)
        {
            runs.Clear();
            return;
        }
        MaskRuns own = runs.Borrow();
        own.Reset(0, keys);
        int position = row.Query - first;
        Inner.Narrow(new MaskRow(row.Batch, row.Head, position, keys, keys), own);
        runs.Begin();
        foreach ((int from, int end) in own.Runs) runs.Keep(first + from, first + end);
        runs.Commit();
        runs.Return(own);
    }
}
