using Heed.Tensors;

namespace Heed.Nn;

/// <summary>Tells positions apart by what attention adds to its scores for the distance between query and key, alike in every layer.</summary>
/// <remarks>Safe for concurrent use.</remarks>
public abstract class DistanceBiases
{
    /// <summary>Biases of rows that attend to one another, as <see cref="AttentionScores.DistanceBias"/> takes them: [heads, 2·tokens − 1].</summary>
    /// <param name="tokens">The number of queries and of keys.</param>
    public abstract Tensor Between(int tokens);

    /// <summary>Biases of stored keys: [heads, distances], at least <paramref name="length"/> of them; the last is that of the query's own key.</summary>
    /// <param name="length">The longest row.</param>
    internal abstract Tensor Before(int length);
}
