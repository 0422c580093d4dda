using System.Diagnostics;
using System.Globalization;
using Heed.Training.Data;

namespace Heed.Cli.Learning;

/// <summary>How far the reading of a text is, on a terminal.</summary>
internal sealed class TokenizingLine(Terminal terminal) : IProgress<TokenizeProgress>, IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
    private long _last = Stopwatch.GetTimestamp();
    private bool _isShown;

    public void Report(TokenizeProgress value)
    {
        if (!terminal.IsInteractive || value.TotalBytes == 0 || Stopwatch.GetElapsedTime(_last) < s_pause) return;
        _last = Stopwatch.GetTimestamp();
        _isShown = true;
        terminal.WriteQuietly(string.Create(CultureInfo.InvariantCulture, $"\rreading the text: {100 * value.BytesRead / value.TotalBytes} %, {value.Tokens:N0} tokens"));
    }

    public void Dispose()
    {
        if (_isShown) terminal.ClearLine();
        _isShown = false;
    }
}
