namespace Heed.Inference.Beams;

/// <summary>A text that is complete.</summary>
/// <param name="Beam">The text.</param>
/// <param name="Score">Its log-probability over the length penalty.</param>
/// <param name="Reason">Why it ends.</param>
internal sealed record FinishedBeam(Beam Beam, double Score, FinishReason Reason);
