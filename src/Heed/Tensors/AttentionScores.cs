namespace Heed.Tensors;

/// <summary>
/// Everything that fused attention does to its scores, in this order: scale, soft-cap, biases, mask, choice of the greatest,
/// a sink in the denominator, softmax, dropout. Any combination runs tiled, forward and backward, in memory that grows with
/// the length and not with its square.
/// </summary>
public sealed record AttentionScores
{
    /// <summary>Multiplies q·k; null for 1/√headDim.</summary>
    public float? Scale { get; init; }

    /// <summary>Scores become c·tanh(score/c); 0 for none (Gemma 2, arXiv 2408.00118).</summary>
    public float SoftCap { get; init; }

    /// <summary>Which query sees which key; null shows everything.</summary>
    public AttentionMask? Mask { get; init; }

    /// <summary>
    /// Broadcast to [batch, heads, queries, keys] and added; −∞ hides the key. Its gradient is summed over the axes that repeat.
    /// </summary>
    public Tensor? Bias { get; init; }

    /// <summary>
    /// [heads or 1, queries + keys − 1]: element keys − 1 + d is added where the key stands d behind the query's position
    /// (query i stands at i + keys − queries), see <see cref="Heed.Tensors.DistanceBias"/>; −∞ hides the key.
    /// </summary>
    public Tensor? DistanceBias { get; init; }

    /// <summary>
    /// [heads]: a learned logit in every row's denominator whose value is nothing (Xiao et al. 2023, arXiv 2309.17453); the
    /// logsumexp includes it.
    /// </summary>
    public Tensor? Sinks { get; init; }

    /// <summary>
    /// A query keeps as many of its visible keys, those of the greatest scores, of equal ones the first; 0 keeps all, and so
    /// does any number that is not below the visible ones (Zhao et al. 2019, arXiv 1912.11637).
    /// </summary>
    public int TopK { get; init; }

    /// <summary>The rate of dropout of the probabilities.</summary>
    public float Dropout { get; init; }

    /// <summary>Which of them fall to dropout.</summary>
    public ulong Seed { get; init; }
}
