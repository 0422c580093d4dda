namespace Heed.Tensors;

/// <summary>Two masks combined.</summary>
internal abstract record TwoMasks : AttentionMask
{
    private protected TwoMasks(string operation, AttentionMask left, AttentionMask right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        (Left, Right) = (left, right);
        BatchRows = MaskErrors.Common(operation, "batch rows", left, left.BatchRows, right, right.BatchRows);
        HeadRows = MaskErrors.Common(operation, "heads", left, left.HeadRows, right, right.HeadRows);
    }

    internal override int BatchRows { get; }

    internal override int HeadRows { get; }

    internal override bool IsPairwise => Left.IsPairwise || Right.IsPairwise;

    private protected AttentionMask Left { get; }

    private protected AttentionMask Right { get; }

    internal override void Check(in MaskSizes sizes)
    {
        Left.Check(sizes);
        Right.Check(sizes);
    }
}
