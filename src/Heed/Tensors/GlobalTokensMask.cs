namespace Heed.Tensors;

/// <summary>Chosen positions see every key, and every query sees their keys.</summary>
internal sealed record GlobalTokensMask : AttentionMask
{
    private readonly int[] _positions;

    public GlobalTokensMask(ReadOnlySpan<int> positions)
    {
        foreach (int position in positions) MaskErrors.AtLeast("GlobalTokens", "position", position, 0);
        _positions = [.. positions.ToArray().Distinct().Order()];
    }

    public override string ToString() => $"GlobalTokens({string.Join(", ", _positions.Take(8))}{(_positions.Length > 8 ? ", …" : "")})";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        if (Array.BinarySearch(_positions, row.Position) >= 0) return;
        runs.Begin();
        foreach (int position in _positions)
        {
            if (position >= row.Keys) break;
            runs.Keep(position, position + 1);
        }
        runs.Commit();
    }
}
