using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>The rows of a layer's matrix as float32, whatever form it has.</summary>
internal static class LayerRows
{
    /// <summary>Writes a row of the layer's matrix.</summary>
    public delegate void Reader(int row, Span<float> destination);

    /// <summary>The matrix of a linear layer.</summary>
    /// <exception cref="NotSupportedException">The layer is of a kind without a matrix of its own.</exception>
    public static Reader Of(Linear layer) => layer switch
    {
        DenseLinear dense => (row, destination) => Read(dense.Weight, row, destination),
        FrozenLinear frozen => frozen.Weights.ReadRow,
        _ => throw new NotSupportedException($"A layer of kind {layer.GetType().Name} cannot be exported; merge it into a plain one first."),
    };

    /// <summary>The table of an embedding.</summary>
    /// <exception cref="NotSupportedException">The embedding is of a kind without a table of its own.</exception>
    public static Reader Of(Embedding embedding) => embedding switch
    {
        DenseEmbedding dense => (row, destination) => Read(dense.Table, row, destination),
        FrozenEmbedding frozen => frozen.Table.ReadRow,
        _ => throw new NotSupportedException($"An embedding of kind {embedding.GetType().Name} cannot be exported."),
    };

    /// <summary>A linear layer's bias, or null.</summary>
    public static Tensor? BiasOf(Linear layer) => layer switch
    {
        DenseLinear dense => dense.Bias,
        FrozenLinear frozen => frozen.Bias,
        _ => null,
    };

    private static void Read(Tensor matrix, int row, Span<float> destination)
    {
        if (matrix.DType == DType.Float32 && matrix.IsContiguous)
        {
            matrix.AsSpan().Slice(row * matrix.Shape[1], matrix.Shape[1]).CopyTo(destination);
            return;
        }
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        matrix.Slice(0, row, 1).CopyTo(destination);
    }
}
