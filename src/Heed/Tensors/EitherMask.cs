namespace Heed.Tensors;

/// <summary>What one of two masks shows.</summary>
internal sealed record EitherMask : TwoMasks
{
    public EitherMask(AttentionMask left, AttentionMask right) : base("|", left, right)
    {
    }

    public override string ToString() => $"{Left} | {Right}";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        MaskRuns other = runs.Borrow();
        Left.Narrow(row, runs);
        Right.Narrow(row, other);
        runs.Unite(other);
        runs.Return(other);
    }
}
