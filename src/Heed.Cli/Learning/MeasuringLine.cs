using System.Diagnostics;
using System.Globalization;

namespace Heed.Cli.Learning;

/// <summary>"measuring 42 %" on a terminal.</summary>
internal sealed class MeasuringLine(Terminal terminal) : IProgress<double>, IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
    private long _last = Stopwatch.GetTimestamp();
    private bool _isShown;

    public void Report(double value)
    {
        if (!terminal.IsInteractive || Stopwatch.GetElapsedTime(_last) < s_pause) return;
        _last = Stopwatch.GetTimestamp();
        _isShown = true;
        terminal.WriteQuietly(string.Create(CultureInfo.InvariantCulture, $"\rmeasuring {100 * value:F0} %"));
    }

    public void Dispose()
    {
        if (_isShown) terminal.ClearLine();
        _isShown = false;
    }
}
