using System.Numerics;

namespace Heed.Training.Data;

/// <summary>
/// A random order of 0 … count − 1 that is computed, not stored: a Feistel network (Luby and Rackoff 1988) over the next power
/// of four, walked on until it lands below count (Black and Rogaway 2002).
/// </summary>
internal readonly struct IndexPermutation
{
    private const int Rounds = 6;
    private readonly long _count;
    private readonly ulong _seed;
    private readonly int _halfBits;

    public IndexPermutation(long count, ulong seed)
    {
        (_count, _seed) = (count, seed);
        int bits = 64 - BitOperations.LeadingZeroCount((ulong)Math.Max(count - 1, 1));
        _halfBits = Math.Max(2, (bits + 1) / 2);
    }

    /// <summary>Which index comes at a place.</summary>
    public long this[long place]
    {
        get
        {
            do place = Step(place);
            while (place >= _count);
            return place;
        }
    }

    private long Step(long value)
    {
        ulong mask = (1UL << _halfBits) - 1;
        ulong left = (ulong)value >> _halfBits, right = (ulong)value & mask;
        for (ulong round = 0; round < Rounds; round++)
            (left, right) = (right, left ^ (CounterRandom.Bits(_seed + round, right) & mask));
        return (long)((left << _halfBits) | right);
    }
}
