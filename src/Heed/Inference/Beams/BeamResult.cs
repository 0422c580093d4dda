namespace Heed.Inference.Beams;

/// <summary>What a beam search has found.</summary>
/// <param name="Hypotheses">The best texts, the best one first; as many as were asked for, or as there are.</param>
/// <param name="Usage">What it took; its completion tokens are those of all texts in the list.</param>
public sealed record BeamResult(IReadOnlyList<BeamHypothesis> Hypotheses, Usage Usage);
