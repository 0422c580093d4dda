using Heed.Stories.Dialogs;
using Heed.Stories.Scoring;
using Heed.Stories.Telling;
using Heed.Stories.Text;

namespace Heed.Stories.Tests;

public class StoryExamTests
{
    private const ulong Seed = 9;
    private const int Count = 300;

    [Fact]
    public async Task AskAsync_TheGrammarItself_PassesInEverything()
    {
        Queue<string> answers = new();
        for (int i = 0; i < Count; i++)
        {
            SplitMix random = SplitMix.ForItem(Seed, (ulong)i);
            Story story = Storyteller.Tell(random, StoryRequest.Make(random, brief: false).Wish);
            answers.Enqueue(story.Text);
            answers.Enqueue(FollowUp.Make(story, random).Answer);
        }

        Tally tally = await StoryExam.AskAsync(Seed, Count, (_, _) => Task.FromResult(answers.Dequeue()), default);

        foreach (string part in new[] { "hero", "name", "trait", "friend", "thing", "place", "theme", "question" })
        {
            tally[part].Asked.ShouldBeGreaterThan(0, part);
            tally[part].Given.ShouldBe(tally[part].Asked, part);
        }
        tally["question"].Asked.ShouldBe(Count);
        tally.Lines().ShouldContain("question     300 of   300  100.0 %");
    }

    [Fact]
    public async Task AskAsync_OneStoryForEverything_Fails()
    {
        Tally tally = await StoryExam.AskAsync(Seed, Count, (_, _) => Task.FromResult("Once upon a time, a fox named Mila had a kite."), default);

        tally["hero"].Given.ShouldBeLessThan(tally["hero"].Asked / 10);
        tally["question"].Given.ShouldBeLessThan(Count / 10);
    }

    [Fact]
    public void WriteShort_AnyWish_IsOpenedWithAndAskedAbout()
    {
        for (int i = 0; i < 1000; i++)
        {
            Dialog dialog = DialogWriter.WriteShort(SplitMix.ForItem(31, (ulong)i));
            StoryWish wish = dialog.Wishes[0]!;
            string opening = dialog.Messages[1].Content;
            foreach (string? word in new[] { wish.Hero?.Noun, wish.Name, wish.Trait, wish.Friend?.Noun, wish.Thing?.Noun, wish.Place?.Noun }.Where(word => word is not null))
                opening.ShouldContain(word!, Case.Insensitive, dialog.Messages[0].Content);
            dialog.Messages.Count.ShouldBeInRange(2, 8);
        }
    }
}
