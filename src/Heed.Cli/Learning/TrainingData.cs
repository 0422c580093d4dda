using Heed.Training.Data;

namespace Heed.Cli.Learning;

/// <summary>What a model learns from, ready to be read.</summary>
internal sealed record TrainingData : IDisposable
{
    public required IBatchSource Training { get; init; }

    public required IBatchSource? Validation { get; init; }

    /// <summary>Tells the data from others.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>What a sample begins with, or is asked for.</summary>
    public required string Beginning { get; init; }

    /// <summary>What must stay open.</summary>
    public IDisposable? Files { get; init; }

    public void Dispose() => Files?.Dispose();
}
