namespace Heed.Inference.Beams;

/// <summary>How far a beam search has come.</summary>
/// <param name="Tokens">The tokens of every open text.</param>
/// <param name="Open">The texts that are being written on.</param>
/// <param name="Finished">The finished texts that are kept.</param>
public readonly record struct BeamProgress(int Tokens, int Open, int Finished);
