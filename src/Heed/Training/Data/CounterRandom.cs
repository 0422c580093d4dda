using Heed.Kernels;

namespace Heed.Training.Data;

/// <summary>Random numbers by counter, without a state: SplitMix64's finalizer (Steele, Lea and Flood 2014) over seed and counter.</summary>
internal static class CounterRandom
{
    /// <summary>64 random bits.</summary>
    public static ulong Bits(ulong seed, ulong counter) => SplitMix.Mix(SplitMix.Mix(seed + SplitMix.Step) + ((counter + 1) * SplitMix.Step));

    /// <summary>A number from 0 to below a limit.</summary>
    public static long Below(ulong seed, ulong counter, long limit) => (long)Math.BigMul(Bits(seed, counter), (ulong)limit, out _);

    /// <summary>Some different numbers from 0 to below a limit, ascending; all such sets are equally likely (Floyd's algorithm).</summary>
    public static int[] Distinct(ulong seed, int count, int limit)
    {
        SortedSet<int> chosen = [];
        for (int i = limit - count; i < limit; i++)
            if (!chosen.Add((int)Below(seed, (ulong)i, i + 1L))) chosen.Add(i);
        return [.. chosen];
    }

    /// <summary>A seed other than 0 for two numbers under a run's seed, so that nothing need be remembered between steps.</summary>
    public static ulong Key(ulong seed, ulong first, ulong second)
    {
        ulong key = SplitMix.Mix(SplitMix.Mix(SplitMix.Mix(seed + SplitMix.Step) + first + SplitMix.Step) + second + SplitMix.Step);
        return key == 0 ? 1 : key;
    }
}
