namespace Heed.Tensors;

/// <summary>
/// Attention's output, and what may be asked about how it came about. Weights are those of the softmax before dropout,
/// computed again from the logsumexp; neither they nor it carry a gradient. Queries and keys must not be written to in the meantime.
/// </summary>
public sealed class AttentionResult
{
    private readonly AttentionCall _call;

    internal AttentionResult(in AttentionCall call, Tensor output, Tensor logSumExp) => (_call, Output, LogSumExp) = (call, output, logSumExp);

    /// <summary>[batch, queries, heads, valueDim].</summary>
    public Tensor Output { get; }

    /// <summary>[batch, heads, queries]: ln of the softmax's denominator, a sink included; −∞ where a query sees nothing.</summary>
    public Tensor LogSumExp { get; }

    /// <summary>The weights of some rows: [rows, keys].</summary>
    /// <param name="rows">Batch row, query head and query of each.</param>
    /// <exception cref="ArgumentException">There is no such row.</exception>
    public Tensor Weights(params ReadOnlySpan<(int Batch, int Head, int Query)> rows)
    {
        foreach ((int batch, int head, int query) in rows)
            if ((uint)batch >= (uint)_call.Q.Batch || (uint)head >= (uint)_call.Q.Count || (uint)query >= (uint)_call.Q.Seq)
                TensorErrors.Argument($"AttentionResult.Weights: got batch row {batch}, head {head}, query {query}; expected ones of [{_call.Q.Batch}, {_call.Q.Count}, {_call.Q.Seq}].");
        Tensor result = Tensor.Allocate(Shape.Of(rows.Length, _call.K.Seq), Output.Device);
        Output.Backend.AttentionWeights(_call, LogSumExp, rows, result);
        return result;
    }

    /// <summary>What each key gets from all queries: [batch, heads, keys]. A sum close to 0 marks a key that could be evicted.</summary>
    public Tensor WeightSums()
    {
        Tensor result = Tensor.Allocate(new Shape(_call.Q.Batch, _call.Q.Count, _call.K.Seq), Output.Device);
        Output.Backend.AttentionWeightSums(_call, LogSumExp, result);
        return result;
    }
}
