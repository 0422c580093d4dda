namespace Heed.Tensors;

/// <summary>Queries and keys of attention over rows, and all that makes their scores.</summary>
/// <param name="Q">Queries.</param>
/// <param name="K">Keys.</param>
/// <param name="Limits">[batch · queries]: the last key that a query sees; −1 for none.</param>
/// <param name="Firsts">[batch · queries]: the first one; empty if all are 0.</param>
/// <param name="Options">Scale, soft-cap and window.</param>
/// <param name="Modifiers">The rest, or null.</param>
internal readonly record struct AttentionCall(HeadRange Q, HeadRange K, int[] Limits, int[] Firsts, AttentionOptions Options, AttentionModifiers? Modifiers);
