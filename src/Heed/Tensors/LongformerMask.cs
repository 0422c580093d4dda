namespace Heed.Tensors;

/// <summary>Longformer's: a window to either side of the query, perhaps dilated, and the first tokens, which all see.</summary>
/// <param name="Window">Keys on each side.</param>
/// <param name="Dilation">The distance between them.</param>
/// <param name="Globals">The number of global tokens.</param>
/// <param name="GlobalsSee">Whether global tokens see everything here; if not, they see nothing, since attention of their own is theirs.</param>
internal sealed record LongformerMask(int Window, int Dilation, int Globals, bool GlobalsSee) : AttentionMask
{
    public override string ToString() => $"Longformer({Window}, {Dilation}, {Globals})";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        long position = row.Position, reach = (long)Window * Dilation;
        if (position < Globals)
        {
            if (!GlobalsSee) runs.Clear();
            return;
        }
        long first = position - reach, end = Math.Min(row.Keys, position + reach + 1);
        if (first < Globals) first += (Globals - first + Dilation - 1) / Dilation * Dilation;
        runs.Begin();
        runs.Keep(0, Math.Min(Globals, row.Keys));
        if (Dilation == 1) runs.Keep((int)first, (int)end);
        else
            for (long key = first; key < end; key += Dilation) runs.Keep((int)key, (int)key + 1);
        runs.Commit();
    }
}
