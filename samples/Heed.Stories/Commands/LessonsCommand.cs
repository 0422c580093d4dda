using System.CommandLine;
using Heed.Stories.Dialogs;
using Heed.Stories.Telling;
using Heed.Stories.Text;

namespace Heed.Stories.Commands;

/// <summary>
/// lessons: short texts, a blank line between them, in which looking back is all that helps: random words said two to four times
/// over, sketches whose every sentence names the same two characters, and small talks: a request, the first sentences of what
/// was asked for, and questions about them. A model that reads them first learns in minutes to repeat what it was told, later
/// keeps its characters' names apart, and tells about whom it was asked to.
/// </summary>
internal static class LessonsCommand
{
    private const int StoriesForWords = 4000;
    private const int MinWords = 4, MaxWords = 24;
    private const int EchoPercent = 20, SketchPercent = 30;

    public static Command Create()
    {
        Option<ulong> seed = new("--seed") { Description = "Another seed writes other texts.", DefaultValueFactory = _ => 3 };
        Option<int> count = new("--count") { Description = "How many texts.", DefaultValueFactory = _ => 30000 };
        Option<string> path = new("--out") { Description = "The file to write.", Required = true };
        Command command = new("lessons", "Write short texts that are a first lesson in looking back.") { seed, count, path };
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
        CorpusCommand.WriteParagraphs(writer, CorpusCommand.Items(count, i => Text(SplitMix.ForItem(seed, i), words)));
    }

    private static string Text(SplitMix random, string[] words) => random.Next(100) switch
    {
        < EchoPercent => Echo(random, words),
        < EchoPercent + SketchPercent => Sketch.Tell(random),
        _ => DialogWriter.WriteShort(random).ToText(),
    };

    private static string Echo(SplitMix random, string[] words)
    {
        string[] said = new string[MinWords + random.Next(MaxWords - MinWords + 1)];
        for (int word = 0; word < said.Length; word++) said[word] = random.Pick(words);
        return string.Join(' ', Enumerable.Repeat(string.Join(' ', said), 2 + random.Next(3)));
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
