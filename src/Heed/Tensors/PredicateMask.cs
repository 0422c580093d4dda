namespace Heed.Tensors;

/// <summary>A function of batch row, head, query position and key.</summary>
internal sealed record PredicateMask(Func<int, int, int, int, bool> Shows, bool Everywhere) : AttentionMask
{
    internal override int BatchRows => Everywhere ? 1 : AnyRows;

    internal override int HeadRows => Everywhere ? 1 : AnyRows;

    internal override bool IsPairwise => true;

    public override string ToString() => "Predicate";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        // Keep moves no run that Runs shows before Commit.
        runs.Begin();
        foreach ((int first, int end) in runs.Runs)
            for (int key = first; key < end; key++)
                if (Shows(row.Batch, row.Head, row.Position, key)) runs.Keep(key, key + 1);
        runs.Commit();
    }
}
