using System.Text;

namespace Heed.Cli;

/// <summary>What is said to the person at the terminal, all of it on standard error.</summary>
/// <param name="talks">Whether anything is said: of several processes that run one command only the first one does.</param>
internal sealed class Terminal(bool talks = true)
{
    private const string Reset = "\e[0m";
    // Not Console.Error, which prepares the terminal for more than lines of text and takes its time for that.
    private readonly StreamWriter _error = new((Console.IsErrorRedirected ? OpenPipe.Of(2) : null) ?? Console.OpenStandardError(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
    private readonly bool _colours = WantsColours(!Console.IsErrorRedirected);

    /// <summary>Whether standard error is a terminal, so that something may move there.</summary>
    public bool IsInteractive { get; } = talks && !Console.IsErrorRedirected;

    /// <summary>Whether a person types on standard input.</summary>
    public bool HasKeyboard { get; } = !Console.IsInputRedirected;

    /// <summary>Whether colours are wanted on a standard output that is a terminal.</summary>
    public static bool WantsColours(bool isTerminal) => isTerminal
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not "dumb";

    /// <summary>"heed: error: …" on one line.</summary>
    public void Error(string message) => Line("error: ", message, "\e[31m");

    /// <summary>Something to know that is no error.</summary>
    public void Note(string message) => Line("", message, "\e[2m");

    /// <summary>Text as it is.</summary>
    public void Write(string text) => Put(text);

    /// <summary>Text in a quiet colour, where there are colours.</summary>
    public void WriteQuietly(string text) => Put(_colours ? $"\e[2m{text}{Reset}" : text);

    /// <summary>Removes what was written on the current line of a terminal.</summary>
    public void ClearLine() => Put(_colours ? "\r\e[K" : "\r");

    /// <summary>The text on one line and without control characters, which files and names may smuggle in.</summary>
    public static string Clean(string text)
    {
        string line = text.ReplaceLineEndings(" ");
        return line.Any(char.IsControl) ? string.Concat(line.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : line;
    }

    /// <summary>The text without control characters but tabs and line ends: a model may write any.</summary>
    public static string CleanText(string text) =>
        text.Any(IsCommand) ? string.Concat(text.Select(c => IsCommand(c) ? '\uFFFD' : c)) : text;

    private static bool IsCommand(char c) => char.IsControl(c) && c is not ('\n' or '\r' or '\t');

    private void Line(string kind, string message, string colour)
    {
        string line = $"heed: {kind}{Clean(message)}";
        Put((_colours ? $"{colour}{line}{Reset}" : line) + Environment.NewLine);
    }

    private void Put(string text)
    {
        if (!talks) return;
        try
        {
            _error.Write(text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Standard error is closed: there is nobody to tell.
        }
    }
}
