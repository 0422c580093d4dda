using System.Text;
using Heed.Cli.Parallel;

namespace Heed.Cli;

/// <summary>The prompt: an argument, or standard input.</summary>
internal static class PromptText
{
    /// <param name="argument">What the command line says; null or "-" for standard input.</param>
    /// <param name="terminal">Where a person may be waiting.</param>
    /// <param name="ranks">The processes, of which the first one has standard input; null for this one alone.</param>
    /// <exception cref="CommandException">There is none.</exception>
    public static string Read(string? argument, Terminal terminal, Ranks? ranks = null)
    {
        if (argument is not (null or "-")) return argument;
        return ranks is null ? ReadInput(argument, terminal) : ranks.Share(() => ReadInput(argument, terminal))!;
    }

    private static string ReadInput(string? argument, Terminal terminal)
    {
        if (argument is null && terminal.HasKeyboard)
            throw new CommandException("complete: no prompt; give one in quotes, or pipe it in.", ExitCodes.Usage);
        using Stream input = Console.OpenStandardInput();
        using StreamReader reader = new(input, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        string text = reader.ReadToEnd();
        // The line end that echo and editors put at the end is not meant to be continued.
        return text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
    }
}
