namespace Heed.Training.Data;

/// <summary>Random numbers by counter, without a state: SplitMix64's finalizer (Steele, Lea and Flood 2014) over seed and counter.</summary>
internal static class CounterRandom
{
    private const ulong GoldenRatio = 0x9E3779B97F4A7C15;

    /// <summary>64 random bits.</summary>
    public static ulong Bits(ulong seed, ulong counter) => Mix(Mix(seed + GoldenRatio) + ((counter + 1) * GoldenRatio));

    /// <summary>A number from 0 to below a limit.</summary>
    public static long Below(ulong seed, ulong counter, long limit) => (long)Math.BigMul(Bits(seed, counter), (ulong)limit, out _);

    /// <summary>A seed other than 0 for two numbers under a run's seed, so that nothing need be remembered between steps.</summary>
    public static ulong Key(ulong seed, ulong first, ulong second)
    {
        ulong key = Mix(Mix(Mix(seed + GoldenRatio) + first + GoldenRatio) + second + GoldenRatio);
        return key == 0 ? 1 : key;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
