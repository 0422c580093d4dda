using System.Diagnostics;
using System.Globalization;

namespace Heed.Cli;

/// <summary>"loading 42 %" on a terminal, once loading takes long enough to wonder.</summary>
internal sealed class LoadingLine(Terminal terminal) : IProgress<double>, IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private readonly Lock _lock = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _last;
    private bool _isShown;

    public void Report(double value)
    {
        if (!terminal.IsInteractive || Stopwatch.GetElapsedTime(_start) < s_patience) return;
        lock (_lock)
        {
            if (_isShown && Stopwatch.GetElapsedTime(_last) < s_pause) return;
            _last = Stopwatch.GetTimestamp();
            _isShown = true;
            terminal.WriteQuietly(string.Create(CultureInfo.InvariantCulture, $"\rloading {(int)(value * 100)} %"));
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isShown) terminal.ClearLine();
            _isShown = false;
        }
    }
}
