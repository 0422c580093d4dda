using Heed.Stories.Dialogs;
using Heed.Stories.Telling;
using Heed.Stories.Text;
using Heed.Stories.World;

namespace Heed.Stories.Scoring;

/// <summary>
/// Asks somebody for stories, and about stories, and looks whether the answers have the words that were wished or that are right.
/// It sees words only: whether a story makes sense is for readers.
/// </summary>
internal static class StoryExam
{
    private static readonly IReadOnlyList<string> Names = [.. World.Names.Female, .. World.Names.Male];

    /// <summary>Counts for <paramref name="count"/> requests and as many questions about stories that the grammar has told.</summary>
    /// <param name="answer">What is said last in a dialog, to what was said before.</param>
    public static async Task<Tally> AskAsync(ulong seed, int count, Func<IReadOnlyList<Message>, CancellationToken, Task<string>> answer, CancellationToken cancellation)
    {
        Tally tally = new();
        for (int i = 0; i < count; i++)
        {
            SplitMix random = SplitMix.ForItem(seed, (ulong)i);
            StoryRequest request = StoryRequest.Make(random, brief: false);
            Mark(tally, request.Wish, await answer([Message.User(request.Text)], cancellation));

            Story story = Storyteller.Tell(random, request.Wish);
            (string ask, string right) = FollowUp.Make(story, random);
            string given = await answer([Message.User(request.Text), Message.Assistant(story.Text), Message.User(ask)], cancellation);
            tally.Count("question", Agrees(story.Scene, right, given));
        }
        return tally;
    }

    private static void Mark(Tally tally, StoryWish wish, string told)
    {
        List<(string Name, string? Word)> wishes =
        [
            ("hero", wish.Hero?.Noun), ("name", wish.Name), ("trait", wish.Trait), ("friend", wish.Friend?.Noun),
            ("thing", wish.Thing?.Noun), ("place", wish.Place?.Noun), ("theme", wish.Theme?.Keyword),
        ];
        foreach ((string name, string? word) in wishes.Where(wish => wish.Word is not null))
            tally.Count(name, told.Contains(word!, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The right answer's words of the scene are in the given one, and no other name is.</summary>
    private static bool Agrees(Scene scene, string right, string given)
    {
        IEnumerable<string?> words = [scene.Hero.Kind.Noun, scene.Friend.Kind.Noun, scene.Thing?.Noun, scene.Place.Noun];
        return words.All(word => word is null || !Has(right, word) || Has(given, word)) && Names.All(name => Has(right, name) == Has(given, name));
    }

    private static bool Has(string text, string word) => text.Contains(word, StringComparison.Ordinal);
}
