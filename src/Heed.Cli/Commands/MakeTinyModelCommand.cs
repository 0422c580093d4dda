using System.CommandLine;
using Heed.Cli.TinyModel;

namespace Heed.Cli.Commands;

/// <summary>heed make-tiny-model: for the makers of heed.</summary>
internal static class MakeTinyModelCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> folder = new("FOLDER") { Description = "Where to." };
        Command command = new("make-tiny-model", "Make the tiny model with random weights that ships with heed.") { Hidden = true };
        command.Add(folder);
        command.SetAction(line =>
        {
            string path = line.GetRequiredValue(folder);
            TinyModelFolder.Write(path);
            terminal.Note($"written to {path}.");
            return ExitCodes.Ok;
        });
        return command;
    }
}
