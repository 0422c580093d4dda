namespace Heed.Tensors;

/// <summary>The real keys of each batch row are its first or last ones.</summary>
internal sealed record PaddingCountMask : AttentionMask
{
    private readonly int[] _counts;
    private readonly PaddingSide _side;

    public PaddingCountMask(ReadOnlySpan<int> counts, PaddingSide side)
    {
        if (counts.IsEmpty) TensorErrors.Argument("AttentionMask.Padding: got no counts; expected one per batch row.");
        if (!Enum.IsDefined(side)) TensorErrors.Argument($"AttentionMask.Padding: got side {(int)side}; expected Left or Right.");
        foreach (int count in counts) MaskErrors.AtLeast("Padding", "realCounts", count, 0);
        _counts = counts.ToArray();
        _side = side;
    }

    internal override int BatchRows => _counts.Length;

    public override string ToString() => $"Padding({_counts.Length} rows, {_side})";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        int count = _counts[_counts.Length == 1 ? 0 : row.Batch];
        if (_side == PaddingSide.Right) runs.Clip(0, count);
        else runs.Clip(row.Keys - count, row.Keys);
    }

    internal override void Check(in MaskSizes sizes)
    {
        foreach (int count in _counts)
            if (count > sizes.Keys) TensorErrors.Argument($"AttentionMask.Padding: got {count} real keys; there are {sizes.Keys}.");
    }
}
