namespace Heed.Kernels.Strips;

/// <summary>A tile of rows of x.</summary>
internal readonly struct ManyRows : IRowCount
{
    public static bool One => false;
}
