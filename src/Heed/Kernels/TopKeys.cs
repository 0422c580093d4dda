using System.Numerics;
using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>
/// What <see cref="TopHeap"/> keeps, sixteen scores at a time: those above a bound gather until the memory is full; then the
/// k-th greatest is found by counting, becomes the bound, and what lies below it goes. Of equal scores those of lower keys stay.
/// </summary>
/// <param name="scores">Room for <paramref name="room"/> scores.</param>
/// <param name="keys">Room for as many keys.</param>
/// <param name="kept">How many are kept, k.</param>
/// <param name="room">More than <paramref name="kept"/>, or no less than are ever offered.</param>
internal unsafe struct TopKeys(float* scores, int* keys, int kept, int room)
{
    private int _count;
    private float _bound = float.NegativeInfinity;

    /// <summary>The memory for one row: enough that finding the k-th greatest is seldom.</summary>
    public static int RoomFor(int kept, int offered) => kept == 0 ? 0 : (int)Math.Min((2L * kept) + 64, offered);

    /// <summary>Offers the scores of neighbouring keys, which follow those offered before; reads whole sixteens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Offer<L, V>(float* offered, int key, int count)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int i = 0; i < count; i += 16)
        {
            uint above = L.BitsAbove(L.Load(offered + i), L.Create(_bound));
            if (count - i < 16) above &= (1u << (count - i)) - 1;
            if (above != 0) Gather<L, V>(offered + i, key + i, above);
        }
    }

    /// <summary>The least score that is kept and the last key that is kept with it; -inf and +inf where there is room for more.</summary>
    public (float Least, float LastTie) Finish<L, V>()
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (_count < kept) return (float.NegativeInfinity, float.PositiveInfinity);
        float least = Find<L, V>();
        int ties = kept - CountAbove<L, V>(least), last = -1;
        while (ties > 0)
            if (scores[++last] == least) ties--;
        return (least, keys[last]);
    }

    private void Gather<L, V>(float* offered, int key, uint above)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (; above != 0; above &= above - 1)
        {
            int lane = BitOperations.TrailingZeroCount(above);
            if (_count == room) Drop<L, V>();
            // NaN counts as the greatest.
            scores[_count] = float.IsNaN(offered[lane]) ? float.PositiveInfinity : offered[lane];
            keys[_count++] = key + lane;
        }
    }

    /// <summary>Keeps the k greatest, in the order of their keys.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Drop<L, V>()
        where L : ISixteen<V>
        where V : unmanaged
    {
        _bound = Find<L, V>();
        int ties = kept - CountAbove<L, V>(_bound), count = 0;
        for (int i = 0; i < _count; i++)
        {
            bool stays = scores[i] > _bound || (scores[i] == _bound && ties-- > 0);
            (scores[count], keys[count]) = (scores[i], keys[i]);
            count += stays ? 1 : 0;
        }

        _count = count;
    }

    /// <summary>The k-th greatest score: the least number that fewer than k are above, by halving the numbers that it may be.</summary>
    private readonly float Find<L, V>()
        where L : ISixteen<V>
        where V : unmanaged
    {
        // Numbers in their order as integers. Above the low end, which is below what was kept at the bound, are all; above the high end none.
        int low = Ordered(_bound) - (float.IsNegativeInfinity(_bound) ? 0 : 1), high = Ordered(float.PositiveInfinity);
        while (high - (long)low > 1)
        {
            int middle = (int)((low + (long)high) >> 1);
            if (CountAbove<L, V>(BitConverter.Int32BitsToSingle(Ordered(middle))) < kept) high = middle;
            else low = middle;
        }

        return BitConverter.Int32BitsToSingle(Ordered(high));
    }

    private static int Ordered(float value) => Ordered(BitConverter.SingleToInt32Bits(value));

    /// <summary>Turns the bits of a number into an integer of the same order, and back.</summary>
    private static int Ordered(int bits) => bits ^ ((bits >> 31) & int.MaxValue);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly int CountAbove<L, V>(float bound)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V least = L.Create(bound);
        int count = 0, i = 0;
        for (; i + 16 <= _count; i += 16) count += BitOperations.PopCount(L.BitsAbove(L.Load(scores + i), least));
        return i == _count ? count : count + BitOperations.PopCount(L.BitsAbove(L.LoadPart(scores + i, _count - i, float.NegativeInfinity), least));
    }
}
