using Heed.Tensors;

namespace Heed.Nn;

/// <summary>T5's relative positions (Raffel et al. 2020, arXiv 1910.10683): a learned bias for each head and bucket of distances.</summary>
/// <param name="table">[buckets, heads].</param>
/// <param name="maxDistance">From here on all share the last bucket.</param>
/// <param name="bidirectional">Whether later keys have buckets of their own.</param>
public sealed class RelativeBiases(Embedding table, int maxDistance, bool bidirectional = false) : DistanceBiases
{
    /// <summary>The biases, [buckets, heads].</summary>
    public Embedding Table { get; } = table;

    /// <inheritdoc/>
    public override Tensor Between(int tokens) => Of(1 - tokens, tokens - 1);

    internal override Tensor Before(int length) => Of(1 - length, 0);

    private Tensor Of(int first, int last)
    {
        int[] buckets = new int[last - first + 1];
        for (int i = 0; i < buckets.Length; i++) buckets[i] = DistanceBias.T5Bucket(first + i, bidirectional, Table.Count, maxDistance);
        return Table.Forward(buckets).Transpose(0, 1).Contiguous(); // [heads, distances]
    }
}
