namespace Heed.Kernels;

/// <summary>Which two components of a head rotate together.</summary>
internal enum RopeLayout
{
    /// <summary>2i and 2i + 1: the paper, Meta's checkpoints, llama2.c.</summary>
    Interleaved,

    /// <summary>i and i + rotaryDim / 2: NeoX, Hugging Face.</summary>
    HalfSplit,
}
