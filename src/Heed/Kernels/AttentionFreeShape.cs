namespace Heed.Kernels;

/// <summary>The sizes of attention-free mixing; keys and values are contiguous, [Batch, Seq, Dim].</summary>
/// <param name="Batch">Rows that do not see one another.</param>
/// <param name="Seq">Positions of a row.</param>
/// <param name="Dim">Features, each with weights of its own.</param>
/// <param name="Causal">Whether a position sees itself and those before it alone.</param>
internal readonly record struct AttentionFreeShape(int Batch, int Seq, int Dim, bool Causal)
{
    /// <summary>Groups of sixteen features; the last one may be short.</summary>
    public int Groups => (Dim + ISixteen<float>.Count - 1) / ISixteen<float>.Count;

    /// <summary>The features of a group that exist.</summary>
    public int LanesOf(int group) => Math.Min(ISixteen<float>.Count, Dim - group * ISixteen<float>.Count);
}
