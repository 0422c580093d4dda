using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>The choice of the greatest scores: what is found by counting is what the heap keeps.</summary>
public sealed unsafe class TopKeysTests
{
    public enum Kind
    {
        Random,
        Ties,
        Rising,
        Falling,
        Hostile,
    }

    [Theory, SizesAndKinds]
    public void Offer_EveryInstructionSet_KeepsWhatTheHeapKeeps(int kept, int count, Kind kind)
    {
        Random random = new(kept + count);
        float[] scores = [.. Enumerable.Range(0, count).Select(i => kind switch
        {
            Kind.Random => (random.NextSingle() - 0.5f) * 20,
            Kind.Ties => random.Next(5) - 2f,
            Kind.Rising => i,
            Kind.Falling => -i,
            _ => random.Next(12) switch { 0 => float.NaN, 1 => float.PositiveInfinity, 2 or 3 => float.NegativeInfinity, 4 => -0f, 5 => 0f, 6 => float.Epsilon, 7 => -1e-40f, 8 => float.MinValue, _ => random.NextSingle() },
        })];
        float[] heapScores = new float[kept];
        int[] heapKeys = new int[kept];
        fixed (float* toScores = heapScores)
        fixed (int* toKeys = heapKeys)
        {
            TopHeap heap = new(toScores, toKeys, kept);
            for (int i = 0; i < count; i++) heap.Offer(scores[i], i);
            (float, float) expected = (heap.Least, heap.LastTie);
            Run<ScalarSixteen, SixteenFloats>(scores, kept).ShouldBe(expected);
            Run<Sixteen128, Quad128>(scores, kept).ShouldBe(expected);
            Run<Sixteen256, Pair256>(scores, kept).ShouldBe(expected);
            Run<Sixteen512, Vector512<float>>(scores, kept).ShouldBe(expected);
        }
    }

    /// <summary>In uneven pieces, as tiles of keys are.</summary>
    private static (float Least, float LastTie) Run<L, V>(float[] scores, int kept)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int room = TopKeys.RoomFor(kept, scores.Length);
        float* kepts = stackalloc float[room], piece = stackalloc float[64];
        int* keys = stackalloc int[room];
        TopKeys top = new(kepts, keys, kept, room);
        for (int start = 0, size = 1; start < scores.Length; start += size, size = 1 + ((size + 36) % 64))
        {
            int count = Math.Min(size, scores.Length - start);
            // What lies behind a piece must not matter.
            new Span<float>(piece, 64).Fill(float.PositiveInfinity);
            scores.AsSpan(start, count).CopyTo(new Span<float>(piece, 64));
            top.Offer<L, V>(piece, start, count);
            size = count;
        }

        return top.Finish<L, V>();
    }

    private sealed class SizesAndKindsAttribute : Xunit.Sdk.DataAttribute
    {
        public override IEnumerable<object[]> GetData(System.Reflection.MethodInfo testMethod) =>
            from size in new[] { (1, 1), (1, 40), (3, 2), (5, 5), (7, 100), (64, 64), (63, 500), (64, 2000), (100, 130), (900, 1500) }
            from kind in Enum.GetValues<Kind>()
            select new object[] { size.Item1, size.Item2, kind };
    }
}
