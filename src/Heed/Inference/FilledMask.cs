namespace Heed.Inference;

/// <summary>What may stand in the place of one mask.</summary>
/// <param name="Place">The mask's place among the text's tokens, from 0.</param>
/// <param name="Candidates">The likeliest tokens, the likeliest first.</param>
public sealed record FilledMask(int Place, IReadOnlyList<MaskCandidate> Candidates);
