namespace Heed.Tensors;

/// <summary>What one of two masks shows.</summary>
internal sealed record EitherMask : AttentionMask
{
    private readonly AttentionMask _left, _right;

    public EitherMask(AttentionMask left, AttentionMask right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        (_left, _right) = (left, right);
        BatchRows = MaskErrors.Common("|", "batch rows", left, left.BatchRows, right, right.BatchRows);
        HeadRows = MaskErrors.Common("|", "heads", left, left.HeadRows, right, right.HeadRows);
    }

    internal override int BatchRows { get; }

    internal override int HeadRows { get; }

    internal override bool IsPairwise => _left.IsPairwise || _right.IsPairwise;

    public override string ToString() => $"{_left} | {_right}";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        MaskRuns other = runs.Borrow();
        _left.Narrow(row, runs);
        _right.Narrow(row, other);
        runs.Unite(other);
        runs.Return(other);
    }

    internal override void Check(in MaskSizes sizes)
    {
        _left.Check(sizes);
        _right.Check(sizes);
    }
}
