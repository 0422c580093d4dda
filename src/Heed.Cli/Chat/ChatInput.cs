using System.Text;
using Heed.Cli.Parallel;

namespace Heed.Cli.Chat;

/// <summary>The lines that a person types, or that come through a pipe.</summary>
internal sealed class ChatInput : IDisposable
{
    private const string Prompt = "> ";
    private readonly Terminal _terminal;
    private readonly Ranks _ranks;
    private readonly TextReader _reader;

    public ChatInput(Terminal terminal, Ranks ranks)
    {
        (_terminal, _ranks) = (terminal, ranks);
        _reader = terminal.HasKeyboard ? Console.In : new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    }

    /// <summary>The next line that is not empty, or null at the end; of several processes the first one's.</summary>
    public string? Read() => _ranks.Share(ReadLine);

    private string? ReadLine()
    {
        while (true)
        {
            ShowPrompt();
            string? line = _reader.ReadLine();
            if (line is null && _terminal.HasKeyboard) _terminal.Write("\n");
            if (line is null || !string.IsNullOrWhiteSpace(line)) return line;
        }
    }

    /// <summary>Shows that it is the person's turn, where one is there.</summary>
    public void ShowPrompt()
    {
        if (_terminal is { HasKeyboard: true, IsInteractive: true }) _terminal.WriteQuietly(Prompt);
    }

    public void Dispose()
    {
        if (!_terminal.HasKeyboard) _reader.Dispose();
    }
}
