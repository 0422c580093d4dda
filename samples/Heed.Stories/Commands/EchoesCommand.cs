using System.CommandLine;
using Heed.Stories.Telling;
using Heed.Stories.Text;

namespace Heed.Stories.Commands;

/// <summary>
/// echoes: random words of the stories, said two to four times over, a blank line between texts. Nothing but looking back helps
/// to predict them, so a model that reads them first learns to repeat what it was told, and later keeps its characters' names.
/// </summary>
internal static class EchoesCommand
{
    private const int StoriesForWords = 4000;
    private const int MinWords = 4, MaxWords = 24;

    public static Command Create()
    {
        Option<ulong> seed = new("--seed") { Description = "Another seed writes other texts.", DefaultValueFactory = _ => 3 };
        Option<int> count = new("--count") { Description = "How many texts.", DefaultValueFactory = _ => 12000 };
        Option<string> path = new("--out") { Description = "The file to write.", Required = true };
        Command command = new("echoes", "Write random words that repeat themselves: a first lesson in looking back.") { seed, count, path };
        command.SetAction(line =>
        {
            using StreamWriter writer = CorpusCommand.Open(line.GetRequiredValue(path));
            Write(writer, line.GetValue(seed), line.GetValue(count));
        });
        return command;
    }

    public static void Write(TextWriter writer, ulong seed, int count)
    {
        string[] words = Words(seed);
        for (int i = 0; i < count; i++)
        {
            SplitMix random = SplitMix.ForItem(seed, (ulong)i);
            string[] said = new string[MinWords + random.Next(MaxWords - MinWords + 1)];
            for (int word = 0; word < said.Length; word++) said[word] = random.Pick(words);
            IEnumerable<string> text = Enumerable.Repeat(string.Join(' ', said), 2 + random.Next(3));
            writer.Write((i == 0 ? "" : "\n") + string.Join(' ', text) + "\n");
        }
    }

    /// <summary>All words of some stories, in order.</summary>
    private static string[] Words(ulong seed)
    {
        StoryWish anything = new();
        SortedSet<string> words = new(StringComparer.Ordinal);
        foreach (string story in CorpusCommand.Items(StoriesForWords, i => Storyteller.Tell(SplitMix.ForItem(seed, i), anything).Text))
            words.UnionWith(story.Split([' ', '.', ',', '!', '?', '"', ':', '\''], StringSplitOptions.RemoveEmptyEntries).Where(word => word.All(char.IsAsciiLetter)));
        return [.. words];
    }
}
