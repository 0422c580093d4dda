using System.CommandLine;
using System.Text;
using Heed.Stories.Telling;
using Heed.Stories.Text;

namespace Heed.Stories.Commands;

/// <summary>corpus: stories, one paragraph each, a blank line between them.</summary>
internal static class CorpusCommand
{
    public static Command Create()
    {
        Option<ulong> seed = new("--seed") { Description = "Another seed writes other stories; use one for training and one for validation.", DefaultValueFactory = _ => 1 };
        Option<int> count = new("--count") { Description = "How many stories.", DefaultValueFactory = _ => 60000 };
        Option<string> path = new("--out") { Description = "The file to write.", Required = true };
        Option<string> format = new("--format") { Description = "text: a blank line between stories; jsonl: an object with text on each line.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "jsonl");
        Command command = new("corpus", "Write a corpus of stories.") { seed, count, path, format };
        command.SetAction(line =>
        {
            using StreamWriter writer = Open(line.GetRequiredValue(path));
            Write(writer, line.GetValue(seed), line.GetValue(count), line.GetValue(format) == "jsonl");
        });
        return command;
    }

    public static void Write(TextWriter writer, ulong seed, int count, bool jsonLines)
    {
        StoryWish anything = new();
        IEnumerable<string> stories = Items(count, i => Storyteller.Tell(SplitMix.ForItem(seed, i), anything).Text);
        if (!jsonLines) WriteParagraphs(writer, stories);
        else foreach (string text in stories) writer.Write(JsonText.Object(("text", JsonText.Quote(text))) + "\n");
    }

    /// <summary>Texts with a blank line between them.</summary>
    public static void WriteParagraphs(TextWriter writer, IEnumerable<string> texts)
    {
        bool first = true;
        foreach (string text in texts)
        {
            writer.Write((first ? "" : "\n") + text + "\n");
            first = false;
        }
    }

    /// <summary>All items in order, made by all cores: each has its own random stream.</summary>
    public static IEnumerable<T> Items<T>(int count, Func<ulong, T> make) =>
        ParallelEnumerable.Range(0, count).AsParallel().AsOrdered().Select(i => make((ulong)i));

    /// <summary>A new file: UTF-8 without a mark, line feeds only.</summary>
    public static StreamWriter Open(string path) => new(path, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
}
