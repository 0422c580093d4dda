namespace Heed.Training;

/// <summary>What a step's passes found.</summary>
/// <param name="Loss">The mean loss over the targets; 0 if there are none.</param>
/// <param name="Targets">The number of targets that count.</param>
/// <param name="Tokens">The number of tokens.</param>
internal readonly record struct PassResult(double Loss, long Targets, long Tokens);
