using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>The rows of a layer's matrix as float32, whatever form it has; adapters are merged into it.</summary>
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
        LoraLinear lora => Merged(lora),
        _ => throw new NotSupportedException($"A layer of kind {layer.GetType().Name} has no matrix to read."),
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
        LoraLinear lora => BiasOf(lora.Inner),
        _ => null,
    };

    /// <summary>The rows of W + scale·B·A.</summary>
    private static Reader Merged(LoraLinear layer)
    {
        Reader inner = Of(layer.Inner);
        (LoraAdapter Adapter, float[] A, float[] B)[] factors = [.. layer.Adapters.Select(adapter => (adapter, adapter.A.ToArray(), adapter.B.ToArray()))];
        return (row, destination) =>
        {
            inner(row, destination);
            foreach ((LoraAdapter adapter, float[] a, float[] b) in factors)
            {
                int own = row - adapter.FirstRow, rank = adapter.Rank, columns = layer.InFeatures;
                if (own < 0 || own >= adapter.Rows) continue;
                for (int column = 0; column < columns; column++)
                {
                    double change = 0;
                    for (int k = 0; k < rank; k++) change += (double)b[own * rank + k] * a[k * columns + column];
                    destination[column] += (float)(adapter.Scale * change);
                }
            }
        };
    }

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
