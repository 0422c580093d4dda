namespace Heed.Kernels.Strips;

/// <summary>Where a tile's operands lie: one strip of weights, and some rows of quantized x.</summary>
internal unsafe struct StripTile
{
    /// <summary>The rows of x.</summary>
    public nint Rows;

    /// <summary>The number of blocks of 32 columns.</summary>
    public nint Blocks;

    /// <summary>The strip: chunks of eight blocks, each their numbers and then their scales.</summary>
    public byte* Weights;

    /// <summary>x: for each block eight words of four columns for each row.</summary>
    public int* X;

    /// <summary>The scales of x: for each block one for each row.</summary>
    public float* XScales;

    /// <summary>For each part of each block one for each row: the word that sums begin with, or the sum of x for the minima.</summary>
    public int* Corrections;

    /// <summary>Sixteen sums for each row of x.</summary>
    public float* Sums;
}
