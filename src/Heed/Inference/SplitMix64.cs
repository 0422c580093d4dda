using Heed.Kernels;

namespace Heed.Inference;

/// <summary>SplitMix64 (Steele, Lea and Flood 2014): a small generator whose numbers are the same on every machine and version.</summary>
internal struct SplitMix64(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next number of 64 random bits.</summary>
    public ulong Next() => SplitMix.Mix(_state += SplitMix.Step);

    /// <summary>The next number in [0, 1).</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));
}
