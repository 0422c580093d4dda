namespace Heed.Tensors;

/// <summary>What two masks both show.</summary>
internal sealed record BothMasks : TwoMasks
{
    public BothMasks(AttentionMask left, AttentionMask right) : base("&", left, right)
    {
    }

    public override string ToString() => $"{InParentheses(Left)} & {InParentheses(Right)}";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        // The one that has to be asked for each pair comes last, and is asked for what the other leaves.
        (AttentionMask first, AttentionMask last) = Left.IsPairwise ? (Right, Left) : (Left, Right);
        first.Narrow(row, runs);
        if (runs.Count > 0) last.Narrow(row, runs);
    }

    private static string InParentheses(AttentionMask mask) => mask is EitherMask ? $"({mask})" : mask.ToString();
}
