using Heed.Inference.Sampling;

namespace Heed.Tests.Inference.Sampling;

public sealed class SelectionTests
{
    [Fact]
    public void Greatest_OfAnyOrder_MovesThemToTheFront()
    {
        Random random = new(7);
        for (int round = 0; round < 300; round++)
        {
            ulong[] values = [.. Enumerable.Range(0, random.Next(1, 120)).Select(value => (ulong)value)];
            if (round % 3 == 1) Array.Reverse(values);
            if (round % 3 == 2) random.Shuffle(values);
            int count = random.Next(values.Length + 2);
            ulong[] expected = [.. values.OrderDescending().Take(count)];
            Selection.Greatest(values, count);
            values.Take(count).OrderDescending().ToArray().ShouldBe(expected, $"round {round}");
            values.Distinct().Count().ShouldBe(values.Length);
        }
    }

    [Fact]
    public void Greatest_OrderMadeForMediansOfThree_EndsSoon()
    {
        // Of 64 rounds that each take two values away, 70000 values would be left.
        ulong[] values = new ulong[70_000];
        for (int i = 0; i < values.Length; i++) values[i] = (ulong)(i % 2 == 0 ? i : values.Length - i);
        values = [.. values.Distinct()];
        ulong[] expected = [.. values.OrderDescending().Take(20_000)];
        Selection.Greatest(values, 20_000);
        values.Take(20_000).OrderDescending().ShouldBe(expected);
    }
}
