namespace Heed.Training;

/// <summary>Seeds by place: what a step draws depends on the run's seed and the step's number alone, so nothing need be remembered.</summary>
internal static class RandomStream
{
    /// <summary>A seed other than 0 for two numbers under a run's seed, well mixed (SplitMix64; Steele et al. 2014).</summary>
    public static ulong Key(ulong seed, ulong first, ulong second)
    {
        ulong key = Mix(Mix(Mix(seed) + first) + second);
        return key == 0 ? 1 : key;
    }

    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
