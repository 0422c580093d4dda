using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>How a processor adds the products of four bytes by four to sums of 32 bits.</summary>
internal interface IWideProducts
{
    /// <summary>What sums begin with, <see cref="SumBias"/> included, for <paramref name="value"/>: 0, or what takes the weights' zero away.</summary>
    static abstract int StartWord(int value);

    /// <summary>Eight sums, and the products of four unsigned weights with four signed bytes of x for each.</summary>
    static abstract Vector256<int> Add(Vector256<int> sum, Vector256<byte> weights, Vector256<sbyte> x);
}
