namespace Heed.Models.Checkpoints;

/// <summary>How many of a file's numbers are written, and whether to go on.</summary>
internal sealed class WriteProgress(IProgress<double>? progress, CancellationToken cancellation)
{
    private long _total, _done;

    /// <summary>Counts numbers that are to come.</summary>
    public void Expect(long numbers) => _total += numbers;

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Advance(long numbers)
    {
        cancellation.ThrowIfCancellationRequested();
        _done += numbers;
        progress?.Report((double)_done / _total);
    }
}
