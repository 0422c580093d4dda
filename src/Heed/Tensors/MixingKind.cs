namespace Heed.Tensors;

/// <summary>A way in which the positions of a sequence learn of one another, for measurements.</summary>
public enum MixingKind
{
    /// <summary>Softmax attention, a key head for each query head; every query sees every key.</summary>
    MultiHead,

    /// <summary>One key head for all query heads (Shazeer 2019, arXiv 1911.02150).</summary>
    MultiQuery,

    /// <summary>A key head for every four query heads (Ainslie et al. 2023, arXiv 2305.13245).</summary>
    GroupedQuery,

    /// <summary>Queries of one sequence, keys and values of another as long.</summary>
    Cross,

    /// <summary>One key is chosen for each query (Xu et al. 2015, arXiv 1502.03044).</summary>
    Hard,

    /// <summary>Softmax attention within blocks of 256.</summary>
    Local,

    /// <summary>A query sees the 256 keys up to its own (Mistral, arXiv 2310.06825).</summary>
    Sliding,

    /// <summary>128 keys on each side, and 8 positions that see and are seen by all (Beltagy et al. 2020, arXiv 2004.05150).</summary>
    Longformer,

    /// <summary>Blocks of 64: a window of 3, 2 global and 3 random ones (Zaheer et al. 2020, arXiv 2007.14062).</summary>
    BigBird,

    /// <summary>The 64 keys of the greatest scores (Zhao et al. 2019, arXiv 1912.11637).</summary>
    TopK,

    /// <summary>A learned logit for each head in the denominator; every query sees every key (Xiao et al. 2023, arXiv 2309.17453).</summary>
    Sinks,

    /// <summary>Keys and values projected to 128 rows (Wang et al. 2020, arXiv 2006.04768).</summary>
    Linformer,

    /// <summary>AFT with learned biases for every pair of positions, in factors of 64 (Zhai et al. 2021, arXiv 2105.14103).</summary>
    AftFull,

    /// <summary>AFT with learned biases within 64 positions.</summary>
    AftLocal,

    /// <summary>AFT without biases.</summary>
    AftSimple,

    /// <summary>A selective state space of 16 states for each channel (Gu and Dao 2023, arXiv 2312.00752).</summary>
    Mamba,
}
