using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed unsafe class TopHeapTests
{
    [Theory]
    [InlineData(1, 10)]
    [InlineData(3, 2)]
    [InlineData(7, 100)]
    [InlineData(64, 64)]
    [InlineData(63, 500)]
    public void Offer_ScoresWithTies_KeepsTheGreatestAndOfEqualOnesTheFirst(int kept, int count)
    {
        Random random = new(kept);
        float[] offered = [.. Enumerable.Range(0, count).Select(_ => random.Next(8) == 0 ? float.NegativeInfinity : random.Next(9) / 4f)];
        int[] wanted = [.. Enumerable.Range(0, count).Where(i => !float.IsNegativeInfinity(offered[i])).OrderByDescending(i => offered[i]).Take(kept).Order()];
        (float least, float lastTie) = Run(offered, kept);
        int[] got = [.. Enumerable.Range(0, count).Where(i => !float.IsNegativeInfinity(ScoreModifiers.Choose(offered[i], i, least, lastTie)))];
        got.ShouldBe(wanted);
    }

    [Fact]
    public void Offer_NaN_IsAlwaysKept()
    {
        float[] offered = [1, float.NaN, 3, 2, float.NaN, float.NaN];
        (float least, float lastTie) = Run(offered, 2);
        int[] got = [.. Enumerable.Range(0, 6).Where(i => float.IsNaN(ScoreModifiers.Choose(offered[i], i, least, lastTie)))];
        got.ShouldBe([1, 4, 5]);
        ScoreModifiers.Choose(3, 2, least, lastTie).ShouldBe(float.NegativeInfinity);
    }

    private static (float Least, float LastTie) Run(float[] offered, int kept)
    {
        float[] scores = new float[kept];
        int[] keys = new int[kept];
        fixed (float* toScores = scores)
        fixed (int* toKeys = keys)
        {
            TopHeap heap = new(toScores, toKeys, kept);
            for (int i = 0; i < offered.Length; i++)
            {
                heap.Offer(offered[i], i);
            }

            return (heap.Least, heap.LastTie);
        }
    }

    [Fact]
    public void SelectBits_EveryInstructionSet_TakesTheSetLanes()
    {
        foreach (uint bits in (uint[])[0, 1, 0x8000, 0xFFFF, 0xA5C3, 0xFFFF0F0F])
        {
            CheckBits<Sixteen512, Vector512<float>>(bits);
            CheckBits<Sixteen256, Pair256>(bits);
            CheckBits<Sixteen128, Quad128>(bits);
        }
    }

    private static void CheckBits<L, V>(uint bits)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* lanes = stackalloc float[16];
        L.Store(lanes, L.SelectBits(bits, L.Create(float.NaN), L.Create(2f)));
        for (int i = 0; i < 16; i++)
        {
            float.IsNaN(lanes[i]).ShouldBe(((bits >> i) & 1) != 0, $"{typeof(L).Name}, {bits:X}, lane {i}");
        }
    }
}
