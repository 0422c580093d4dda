namespace Heed.Stories.Text;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): the same numbers from a seed on every platform and runtime.</summary>
internal sealed class SplitMix(ulong seed)
{
    private ulong _state = seed;

    public ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="count"/> − 1.</summary>
    public int Next(int count) => (int)((NextBits() >> 32) * (ulong)count >> 32);

    /// <summary>True in <paramref name="percent"/> of 100 cases.</summary>
    public bool Chance(int percent) => Next(100) < percent;

    public T Pick<T>(IReadOnlyList<T> from) => from[Next(from.Count)];

    /// <summary>The generator of item <paramref name="index"/>: each story has its own stream.</summary>
    public static SplitMix ForItem(ulong seed, ulong index) => new(new SplitMix(seed ^ (index * 0xD1342543DE82EF95)).NextBits());
}
