namespace Heed.Tensors;

/// <summary>What hard attention chose.</summary>
/// <param name="Output">The chosen values, [batch, queries, heads, valueDim]; [batch, seq, hidden] from a layer.</param>
/// <param name="LogProbability">ln of the probability that what was chosen had, [batch, heads, queries]; 0 for a query that sees nothing.</param>
/// <param name="Choices">The number of the chosen key or chunk of keys for each of batch × heads × queries; −1 for a query that sees nothing.</param>
public sealed record HardAttentionResult(Tensor Output, Tensor LogProbability, int[] Choices);
