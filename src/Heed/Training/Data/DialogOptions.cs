namespace Heed.Training.Data;

/// <summary>How dialogs become rows.</summary>
public sealed record DialogOptions
{
    /// <summary>Dialogs of more tokens than this are too long; the rows of training must be at least as long.</summary>
    public int MaxTokens { get; init; } = 1024;

    /// <summary>What becomes of a dialog that is too long: true leaves it out, false cuts its end off.</summary>
    public bool SkipsLong { get; init; }
}
