using System.Diagnostics;
using System.Globalization;
using Heed.Training;

namespace Heed.Cli.Measuring;

/// <summary>How far a training is, on one line of a terminal.</summary>
internal sealed class RunLine(Terminal terminal, string name, long steps) : IProgress<TrainingStep>, IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(300);
    private long _last = Stopwatch.GetTimestamp();
    private bool _isShown;

    public void Report(TrainingStep value)
    {
        if (!terminal.IsInteractive || Stopwatch.GetElapsedTime(_last) < s_pause) return;
        _last = Stopwatch.GetTimestamp();
        _isShown = true;
        terminal.ClearLine();
        terminal.WriteQuietly(string.Create(CultureInfo.InvariantCulture, $"{name}: step {value.Number} of {steps}, loss {value.Loss:F3}, {value.TokensPerSecond:N0} tokens/s, {value.TimeLeft:hh\\:mm\\:ss} left"));
    }

    public void Dispose()
    {
        if (_isShown) terminal.ClearLine();
        _isShown = false;
    }
}
