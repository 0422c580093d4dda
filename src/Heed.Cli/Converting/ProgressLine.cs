using System.Diagnostics;
using System.Globalization;

namespace Heed.Cli.Converting;

/// <summary>"quantizing 42 %" on a terminal, once that takes long enough to wonder.</summary>
internal sealed class ProgressLine(Terminal terminal, string what) : IProgress<double>, IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _last;
    private bool _isShown;

    public void Report(double value)
    {
        if (!terminal.IsInteractive || Stopwatch.GetElapsedTime(_start) < s_patience || (_isShown && Stopwatch.GetElapsedTime(_last) < s_pause)) return;
        _last = Stopwatch.GetTimestamp();
        _isShown = true;
        terminal.WriteQuietly(string.Create(CultureInfo.InvariantCulture, $"\r{what} {(int)(value * 100)} %"));
    }

    public void Dispose()
    {
        if (_isShown) terminal.ClearLine();
        _isShown = false;
    }
}
