namespace Heed.Models.Checkpoints;

/// <summary>Counts loaded bytes and reports their share of those that are wanted.</summary>
internal sealed class LoadProgress(long total, IProgress<double>? progress)
{
    private long _total = total, _done;

    public void Add(long bytes)
    {
        long wanted = Interlocked.Read(ref _total);
        if (progress is null || wanted <= 0) return;
        progress.Report(Math.Min(1, (double)Interlocked.Add(ref _done, bytes) / wanted));
    }

    /// <summary>Bytes that were counted among all and are not wanted.</summary>
    public void LeaveOut(long bytes) => Interlocked.Add(ref _total, -bytes);
}
