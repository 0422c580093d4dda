using Heed.Inference.Sampling;

namespace Heed.Tests.Inference.Sampling;

public sealed class RecentTokensTests
{
    [Theory]
    [InlineData(1), InlineData(3), InlineData(64), InlineData(200), InlineData(int.MaxValue)]
    public void Counts_OfLongTexts_AreThoseOfTheWindow(int window)
    {
        Random random = new(window);
        RecentTokens recent = new(window, 12);
        List<int> all = [];
        for (int i = 0; i < 1500; i++)
        {
            int token = random.Next(12);
            recent.Add(token);
            all.Add(token);
            recent.Add(12);
            recent.Add(-1);
            int asked = random.Next(1, 80);
            int[] expected = [.. all.TakeLast(Math.Min(asked, window))];
            recent.Latest(asked).ToArray().ShouldBe(expected);
            foreach ((int counted, int times) in recent.Counts(asked)) times.ShouldBe(expected.Count(other => other == counted));
            recent.Counts(asked).Length.ShouldBe(expected.Distinct().Count());
        }
        recent.Counts(int.MaxValue).ToArray().Sum(counted => counted.Times).ShouldBe(Math.Min(1500, window));
        recent.Counts(0).IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void Add_WithoutAWindow_KeepsNothing()
    {
        RecentTokens recent = new(0, 5);
        recent.Add(3);
        recent.Latest(4).IsEmpty.ShouldBeTrue();
        recent.Counts(4).IsEmpty.ShouldBeTrue();
    }
}
