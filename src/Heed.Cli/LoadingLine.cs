using System.Diagnostics;
using System.Globalization;

namespace Heed.Cli;

/// <summary>"loading 42 %" on a terminal, once loading takes long enough to wonder.</summary>
internal sealed class LoadingLine(Terminal terminal) : IProgress<double>, IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(300);
    private readonly Lock _lock = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _shown = -1;

    public void Report(double value)
    {
        if (!terminal.IsInteractive || Stopwatch.GetElapsedTime(_start) < s_patience) return;
        int percent = (int)(value * 100);
        lock (_lock)
        {
            if (percent <= _shown) return;
            _shown = percent;
            terminal.WriteQuietly(string.Create(CultureInfo.InvariantCulture, $"\rloading {percent} %"));
        }
    }

    public void Dispose()
    {
        if (_shown >= 0) terminal.ClearLine();
    }
}
