namespace Heed.Kernels;

/// <summary>What attention's backward pass reads and writes besides its forward pass's own arguments.</summary>
internal unsafe struct AttentionGradientArgs
{
    /// <summary>The forward pass's arguments, with its result and its LogSumExp filled in.</summary>
    public AttentionArgs Forward;

    /// <summary>The gradient of the result, laid out as the result is.</summary>
    public float* OutputGradient;

    /// <summary>Receives the queries' gradient; component d of (batch b, query i, head h) as for the queries.</summary>
    public float* QueryGradient;
    public long QueryGradientBatchStride;
    public long QueryGradientStride;
    public long QueryGradientHeadStride;

    /// <summary>Receives the keys' gradient, KeyCapacity rows per (batch, kv head).</summary>
    public float* KeyGradient;
    public long KeyGradientBatchStride;
    public long KeyGradientStride;
    public long KeyGradientHeadStride;

    /// <summary>Receives the values' gradient, KeyCapacity rows per (batch, kv head).</summary>
    public float* ValueGradient;
    public long ValueGradientBatchStride;
    public long ValueGradientStride;
    public long ValueGradientHeadStride;

    /// <summary>Null, or receives the bias's gradient, laid out as the bias is, one after another.</summary>
    public float* BiasGradient;
    public long BiasFloats;

    /// <summary>Null, or receives the gradient of the biases by distance, [head, queries + keys - 1].</summary>
    public float* DistanceGradient;

    /// <summary>Null, or receives the sinks' gradient, [head].</summary>
    public float* SinkGradient;
}
