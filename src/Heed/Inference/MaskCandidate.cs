namespace Heed.Inference;

/// <summary>A token that may stand where a mask does.</summary>
/// <param name="Token">Its id.</param>
/// <param name="Text">What it stands for inside a text, with the space that it may bring along; a special token as it is written.</param>
/// <param name="Probability">How likely it is, among all tokens.</param>
public readonly record struct MaskCandidate(int Token, string Text, double Probability);
