namespace Heed.Kernels.Strips;

/// <summary>One row of x.</summary>
internal readonly struct OneRow : IRowCount
{
    public static bool One => true;
}
