namespace Heed.Kernels;

/// <summary>The sizes and strides of attention over stored keys and values; see <see cref="AttentionArgs"/>.</summary>
internal readonly record struct AttentionShape
{
    public int Batch { get; init; }

    public int Queries { get; init; }

    public int Heads { get; init; }

    public int KvHeads { get; init; }

    public int HeadDim { get; init; }

    public int ValueDim { get; init; }

    /// <summary>Value rows per kv head.</summary>
    public int KeyCapacity { get; init; }

    /// <summary>The type of stored keys and values.</summary>
    public KvCacheType Stored { get; init; }

    public int QueryBatchStride { get; init; }

    public int QueryStride { get; init; }

    public int QueryHeadStride { get; init; }

    public float Scale { get; init; }

    public float SoftCap { get; init; }

    public int Window { get; init; }

    /// <summary>The share of probabilities that training drops.</summary>
    public float DropoutRate { get; init; }

    public ulong DropoutSeed { get; init; }

    /// <summary>The heads that <see cref="DropoutSeed"/> counts to a row; 0 for <see cref="Heads"/>.</summary>
    public int DropoutHeads { get; init; }
}
