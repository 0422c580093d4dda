namespace Heed.Kernels.Strips;

/// <summary>How many rows of x a kernel takes: one, whose sums stay in registers, or a tile of them.</summary>
internal interface IRowCount
{
    static abstract bool One { get; }
}
