using System.Diagnostics;
using System.Globalization;
using Heed.Tokenizers;

namespace Heed.Cli.Learning;

/// <summary>How far the learning of a vocabulary is, on a terminal.</summary>
internal sealed class BpeLine(Terminal terminal, long totalBytes) : IProgress<BpeTrainingProgress>, IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
    private readonly Lock _lock = new();
    private long _last = Stopwatch.GetTimestamp();
    private bool _isShown;

    public void Report(BpeTrainingProgress value)
    {
        if (!terminal.IsInteractive) return;
        lock (_lock)
        {
            if (Stopwatch.GetElapsedTime(_last) < s_pause) return;
            _last = Stopwatch.GetTimestamp();
            _isShown = true;
            terminal.WriteQuietly(value.Phase == BpeTrainingPhase.Counting
                ? string.Create(CultureInfo.InvariantCulture, $"\rcounting words: {100 * value.Done / Math.Max(1, totalBytes)} %   ")
                : string.Create(CultureInfo.InvariantCulture, $"\rmerging: {value.Done} of {value.Total} tokens   "));
        }
    }

    public void Dispose()
    {
        if (_isShown) terminal.ClearLine();
    }
}
