namespace Heed.Inference.Drafting;

/// <summary>A token that was drawn by a draft's probabilities; one with none of these is chosen by the model's alone.</summary>
/// <param name="token">The token.</param>
/// <param name="probabilities">By token; they sum up to 1.</param>
internal readonly ref struct DraftedToken(int token, ReadOnlySpan<double> probabilities)
{
    public int Token { get; } = token;

    public ReadOnlySpan<double> Probabilities { get; } = probabilities;
}
