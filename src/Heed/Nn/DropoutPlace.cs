namespace Heed.Nn;

/// <summary>Where a model drops activations in training.</summary>
internal enum DropoutPlace
{
    Embedding,
    Probabilities,
    AttentionOutput,
    FeedForwardOutput,
    QkvAdapter,
    AttentionOutputAdapter,
    UpAdapter,
    DownAdapter,
}
