namespace Heed.Kernels.Strips;

/// <summary>1.5·2^23. A whole number below 2^22 that it is added to is the low bits of a float: sums need no conversion.</summary>
internal static class SumBias
{
    public const float Value = 12582912;
    public const int Bits = 0x4B400000;
}
