namespace Heed.Training;

/// <summary>How far a run has come. Everything else that a step needs follows from its number.</summary>
internal sealed record TrainingState
{
    /// <summary>The number of steps made.</summary>
    public long Step { get; init; }

    /// <summary>The tokens that went through them, padding included.</summary>
    public long Tokens { get; init; }

    /// <summary>The time that they took.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>What decides the result to the last bit: a run goes on under the same.</summary>
    public SortedDictionary<string, string> Settings { get; init; } = [];
}
