using System.CommandLine;
using Heed.Stories.Dialogs;
using Heed.Stories.Text;

namespace Heed.Stories.Commands;

/// <summary>dialogs: one JSON object with messages on each line.</summary>
internal static class DialogsCommand
{
    public static Command Create()
    {
        Option<ulong> seed = new("--seed") { Description = "Another seed writes other dialogs.", DefaultValueFactory = _ => 2 };
        Option<int> count = new("--count") { Description = "How many dialogs.", DefaultValueFactory = _ => 20000 };
        Option<string> path = new("--out") { Description = "The file to write.", Required = true };
        Command command = new("dialogs", "Write dialogs in which stories are asked for, told and talked about.") { seed, count, path };
        command.SetAction(line =>
        {
            using StreamWriter writer = CorpusCommand.Open(line.GetRequiredValue(path));
            Write(writer, line.GetValue(seed), line.GetValue(count));
        });
        return command;
    }

    public static void Write(TextWriter writer, ulong seed, int count)
    {
        foreach (string line in CorpusCommand.Items(count, i => DialogWriter.Write(SplitMix.ForItem(seed, i)).ToJson())) writer.Write(line + "\n");
    }
}
