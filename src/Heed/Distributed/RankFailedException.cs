namespace Heed.Distributed;

/// <summary>Another rank failed, so what this one waits for will not come.</summary>
public sealed class RankFailedException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="rank">The rank that failed, counted among all ranks of the job.</param>
    /// <param name="message">What it said.</param>
    /// <param name="innerException">Its own error, where that is at hand.</param>
    public RankFailedException(int rank, string message, Exception? innerException = null)
        : base($"rank {rank} failed: {message}", innerException) => Rank = rank;

    /// <summary>The rank that failed, counted among all ranks of the job.</summary>
    public int Rank { get; }
}
