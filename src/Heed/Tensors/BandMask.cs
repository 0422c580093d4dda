namespace Heed.Tensors;

/// <summary>A query sees keys up to a number of steps before and after its position: all keys, causal masks and windows.</summary>
/// <param name="Before">Steps backward; <see cref="int.MaxValue"/> for all.</param>
/// <param name="After">Steps forward.</param>
/// <param name="Dilation">The keys that a step passes over, plus 1; 1 where Before or After is all.</param>
/// <param name="Name">What it was made as.</param>
internal sealed record BandMask(int Before, int After, int Dilation, string Name) : AttentionMask
{
    public override string ToString() => Name;

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        if (runs.Count == 0) return;
        long position = row.Position;
        long first = Before == int.MaxValue ? 0 : position - (long)Before * Dilation;
        long end = After == int.MaxValue ? row.Keys : position + (long)After * Dilation + 1;
        if (Dilation == 1)
        {
            runs.Clip((int)Math.Max(0, first), (int)Math.Clamp(end, 0, row.Keys));
            return;
        }
        if (first < runs.First) first += (runs.First - first + Dilation - 1) / Dilation * Dilation;
        end = Math.Min(end, runs.End);
        runs.Begin();
        for (long key = first; key < end; key += Dilation) runs.Keep((int)key, (int)key + 1);
        runs.Commit();
    }
}
