namespace Heed.Models.Checkpoints;

/// <summary>Counts loaded bytes and reports their share.</summary>
internal sealed class LoadProgress(long total, IProgress<double>? progress)
{
    private long _done;

    public void Add(long bytes)
    {
        if (progress is null || total == 0) return;
        progress.Report(Math.Min(1, (double)Interlocked.Add(ref _done, bytes) / total));
    }
}
