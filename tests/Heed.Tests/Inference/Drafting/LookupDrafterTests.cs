using Heed.Inference;
using Heed.Inference.Drafting;

namespace Heed.Tests.Inference.Drafting;

public sealed class LookupDrafterTests
{
    [Fact]
    public void Propose_SeveralPlaces_TakesTheLongestMatchAndOfEqualOnesTheLatest()
    {
        Proposed([1, 2, 3, 9, 2, 3, 8, 7, 1, 2, 3], 2).ShouldBe([9, 2], "three tokens agree, though two do later");
        Proposed([2, 3, 9, 2, 3, 8, 7, 2, 3], 2).ShouldBe([8, 7], "the latest of two");
        Proposed([2, 3, 9, 4, 3, 8, 7, 2, 3], 2).ShouldBe([9, 4], "one token is too few");
        Proposed([1, 2, 3, 4, 5], 4).ShouldBeEmpty();
        Proposed([7], 4).ShouldBeEmpty();
        Proposed([7, 7, 7], 4).ShouldBe([7, 7, 7, 7]);
        Proposed([1, 2, 3, 9, 5, 5, 2, 3, 4, 1, 2, 3], 1, new PromptLookup { LongestMatch = 2, AlwaysDrafts = true }).ShouldBe([4], "two are as good as three");
        Proposed([5, 6, 7, 5], 2, new PromptLookup { LongestMatch = 3, ShortestMatch = 1, AlwaysDrafts = true }).ShouldBe([6, 7]);
    }

    [Fact]
    public void Propose_TextThatRepeatsItself_GoesOnPastItsEnd() => Proposed([4, 1, 2, 3, 1, 2, 3], 8).ShouldBe([1, 2, 3, 1, 2, 3, 1, 2]);

    /// <summary>Whatever the text, the place that is found is one that a search of every place would have found.</summary>
    [Fact]
    public void Propose_RandomTexts_IsThatOfASearchOfEveryPlace()
    {
        Random random = new(4);
        for (int round = 0; round < 500; round++)
        {
            int longest = random.Next(2, 6);
            int[] text = [.. Enumerable.Range(0, random.Next(2, 60)).Select(_ => random.Next(4))];
            int best = 0, at = -1;
            for (int end = text.Length - 1; end > 0; end--)
            {
                int match = 0;
                while (match < longest && match < end && text[end - 1 - match] == text[^(match + 1)]) match++;
                if (match >= 2 && match > best) (best, at) = (match, end);
            }
            int[] expected = at < 0 ? [] : [.. Enumerable.Range(0, 3).Select(i => text[at + (i % (text.Length - at))])];
            Proposed(text, 3, new PromptLookup { LongestMatch = longest, AlwaysDrafts = true }).ShouldBe(expected, string.Join(' ', text));
        }
    }

    /// <summary>What matches are worth shows without a single draft, so that wrong ones end soon and right ones begin soon.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public void Propose_AfterLearning_DraftsAsItPays(bool repeats)
    {
        LookupDrafter drafter = new(new PromptLookup());
        Draft draft = new(15, 0);
        DraftCosts costs = new(0.15, 0, measures: false);
        Random random = new(7);
        List<int> text = [1, 2];
        int drafted = 0;
        for (int i = 0; i < 400; i++)
        {
            draft.Clear();
            drafter.Propose(text.ToArray(), draft, 15, costs, null!, CancellationToken.None);
            if (i >= 100) drafted += draft.Count;
            int next = repeats ? i * i % 7 : random.Next(12);
            drafter.Learn([next]);
            text.Add(next);
        }
        if (repeats) drafted.ShouldBeGreaterThan(290 * 15);
        else drafted.ShouldBeLessThan(30);
    }

    [Fact]
    public void Options_OutOfRange_SayWhatIsExpected()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new PromptLookup { MaxDraftTokens = 0 }).Message.ShouldContain("expected 1 to 64");
        Should.Throw<ArgumentOutOfRangeException>(() => new PromptLookup { MaxDraftTokens = 65 });
        Should.Throw<ArgumentOutOfRangeException>(() => new PromptLookup { LongestMatch = 0 });
        Should.Throw<ArgumentOutOfRangeException>(() => new PromptLookup { ShortestMatch = 0 });
        Should.Throw<ArgumentOutOfRangeException>(() => new EarlyExit(0));
    }

    private static int[] Proposed(int[] text, int most, PromptLookup? options = null)
    {
        Draft draft = new(15, 0);
        using LookupDrafter drafter = new(options ?? new PromptLookup { AlwaysDrafts = true });
        drafter.Propose(text, draft, most, new DraftCosts(0.15, 0, measures: false), null!, CancellationToken.None);
        return draft.Tokens.ToArray();
    }
}
