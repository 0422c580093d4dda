using System.Runtime.Intrinsics;

namespace Heed.Kernels.Quantization;

/// <summary>The numbers that a block without a minimum can hold before its scale multiplies them.</summary>
internal interface IQuantGrid
{
    /// <summary>The least number, below 0.</summary>
    float Lowest { get; }

    /// <summary>The greatest number.</summary>
    float Highest { get; }

    /// <summary>How far from each other the scales are that a search tries, in the grid's own measure.</summary>
    float SearchStep { get; }

    /// <summary>The nearest number of the grid to each.</summary>
    Vector256<float> Nearest(Vector256<float> values);
}
