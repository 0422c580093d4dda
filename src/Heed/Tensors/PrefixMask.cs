namespace Heed.Tensors;

/// <summary>Everybody sees the keys before a length, one for all batch rows or one each.</summary>
internal sealed record PrefixMask : AttentionMask
{
    private readonly int[] _lengths;

    public PrefixMask(ReadOnlySpan<int> lengths)
    {
        if (lengths.IsEmpty) TensorErrors.Argument("AttentionMask.Prefix: got no lengths; expected one, or one per batch row.");
        foreach (int length in lengths) MaskErrors.AtLeast("Prefix", "length", length, 0);
        _lengths = lengths.ToArray();
    }

    internal override int BatchRows => _lengths.Length;

    public override string ToString() => _lengths.Length == 1 ? $"Prefix({_lengths[0]})" : $"Prefix({_lengths.Length} rows)";

    internal override void Narrow(in MaskRow row, MaskRuns runs) => runs.Clip(0, _lengths[_lengths.Length == 1 ? 0 : row.Batch]);
}
