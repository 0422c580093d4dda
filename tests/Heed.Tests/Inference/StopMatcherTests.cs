using FsCheck;
using FsCheck.Fluent;
using Heed.Inference;

namespace Heed.Tests.Inference;

public sealed class StopMatcherTests
{
    [Fact]
    public void Push_StopAcrossPieces_IsFoundAndHidden()
    {
        StopMatcher matcher = new(["\nUser:"]);
        matcher.Push("Hello\nUs").ShouldBe("Hello");
        matcher.Stopped.ShouldBeFalse();
        matcher.Push("er: hi").ShouldBe("");
        matcher.Stopped.ShouldBeTrue();
        matcher.Push("more").ShouldBe("");
    }

    [Fact]
    public void Push_FalseAlarm_LetsTheTextGo()
    {
        StopMatcher matcher = new(["END"]);
        matcher.Push("an E").ShouldBe("an ");
        matcher.Push("N").ShouldBe("");
        matcher.Push("X").ShouldBe("ENX");
        matcher.Push("E").ShouldBe("");
        matcher.Flush().ShouldBe("E");
    }

    [Fact]
    public void Push_TwoStops_TheEarlierOneEnds()
    {
        StopMatcher matcher = new(["cd", "bc"]);
        matcher.Push("abcd").ShouldBe("a");
    }

    [Fact]
    public void Push_AnySplit_GivesTheTextBeforeTheFirstStop()
    {
        Arbitrary<(int[] Letters, int[] Cuts)> texts = ArbMap.Default.ArbFor<(int[], int[])>();
        Prop.ForAll(texts, sample =>
        {
            // Two letters make stops and near misses frequent.
            string text = string.Concat((sample.Letters ?? []).Select(letter => (letter & 1) == 0 ? 'a' : 'b'));
            string[] stops = ["abab", "bba"];
            int first = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(text.Length).Min();
            StopMatcher matcher = new(stops);
            string shown = "";
            int from = 0;
            foreach (int cut in sample.Cuts ?? [])
            {
                int to = Math.Min(text.Length, from + (cut & 3));
                shown += matcher.Push(text[from..to]);
                from = to;
            }
            shown += matcher.Push(text[from..]);
            if (!matcher.Stopped) shown += matcher.Flush();
            return shown == text[..first];
        }).QuickCheckThrowOnFailure();
    }
}
