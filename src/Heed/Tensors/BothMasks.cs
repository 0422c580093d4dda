namespace Heed.Tensors;

/// <summary>What two masks both show.</summary>
internal sealed record BothMasks : AttentionMask
{
    private readonly AttentionMask _left, _right;

    public BothMasks(AttentionMask left, AttentionMask right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        (_left, _right) = (left, right);
        BatchRows = MaskErrors.Common("&", "batch rows", left, left.BatchRows, right, right.BatchRows);
        HeadRows = MaskErrors.Common("&", "heads", left, left.HeadRows, right, right.HeadRows);
    }

    internal override int BatchRows { get; }

    internal override int HeadRows { get; }

    internal override bool IsPairwise => _left.IsPairwise || _right.IsPairwise;

    public override string ToString() => $"{InParentheses(_left)} & {InParentheses(_right)}";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        // The one that has to be asked for each pair comes last, and is asked for what the other leaves.
        (AttentionMask first, AttentionMask last) = _left.IsPairwise ? (_right, _left) : (_left, _right);
        first.Narrow(row, runs);
        if (runs.Count > 0) last.Narrow(row, runs);
    }

    internal override void Check(in MaskSizes sizes)
    {
        _left.Check(sizes);
        _right.Check(sizes);
    }

    private static string InParentheses(AttentionMask mask) => mask is EitherMask ? $"({mask})" : mask.ToString();
}
