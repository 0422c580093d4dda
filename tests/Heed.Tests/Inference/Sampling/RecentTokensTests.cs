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

    /// <summary>Drafts come and go, whenever the buffer is moved: what is left is what would be without them.</summary>
    [Theory]
    [InlineData(0), InlineData(1), InlineData(3), InlineData(64), InlineData(200), InlineData(int.MaxValue)]
    public void Remove_OfTheLatest_LeavesWhatWasBefore(int window)
    {
        Random random = new(window);
        RecentTokens recent = new(window, 12), plain = new(window, 12);
        for (int i = 0; i < 700; i++)
        {
            int drafted = random.Next(65), token = random.Next(12);
            for (int j = 0; j < drafted; j++) recent.Add(random.Next(12));
            recent.Remove(drafted);
            recent.Add(token);
            plain.Add(token);
            recent.Latest(400).SequenceEqual(plain.Latest(400)).ShouldBeTrue($"{i}");
            recent.Counts(50).SequenceEqual(plain.Counts(50)).ShouldBeTrue($"{i}");
        }
    }
}
