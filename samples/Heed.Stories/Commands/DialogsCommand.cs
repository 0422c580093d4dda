using System.CommandLine;
using Heed.Stories.Dialogs;
using Heed.Stories.Text;

namespace Heed.Stories.Commands;

/// <summary>dialogs: dialogs as JSON lines for fine-tuning, or as text for training.</summary>
internal static class DialogsCommand
{
    public static Command Create()
    {
        Option<ulong> seed = new("--seed") { Description = "Another seed writes other dialogs.", DefaultValueFactory = _ => 2 };
        Option<int> count = new("--count") { Description = "How many dialogs.", DefaultValueFactory = _ => 12000 };
        Option<string> path = new("--out") { Description = "The file to write.", Required = true };
        Option<string> format = new("--format") { Description = "jsonl: an object with messages on each line; text: a line a message and a blank line between dialogs.", DefaultValueFactory = _ => "jsonl" };
        format.AcceptOnlyFromAmong("jsonl", "text");
        Command command = new("dialogs", "Write dialogs in which stories are asked for, told and talked about.") { seed, count, path, format };
        command.SetAction(line =>
        {
            using StreamWriter writer = CorpusCommand.Open(line.GetRequiredValue(path));
            Write(writer, line.GetValue(seed), line.GetValue(count), line.GetValue(format) == "text");
        });
        return command;
    }

    public static void Write(TextWriter writer, ulong seed, int count, bool asText)
    {
        IEnumerable<Dialog> dialogs = CorpusCommand.Items(count, i => DialogWriter.Write(SplitMix.ForItem(seed, i)));
        if (asText) CorpusCommand.WriteParagraphs(writer, dialogs.Select(dialog => dialog.ToText()));
        else foreach (Dialog dialog in dialogs) writer.Write(dialog.ToJson() + "\n");
    }
}
