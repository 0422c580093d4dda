namespace Heed;

/// <summary>Which elements of a head rotate together (Su et al. 2021, arXiv 2104.09864).</summary>
public enum RopeLayout
{
    /// <summary>Neighbours 2i and 2i + 1, as in Meta's Llama, llama2.c and GGUF's llama models.</summary>
    Interleaved,

    /// <summary>Elements i and i + d/2, as in Hugging Face's models and GPT-NeoX.</summary>
    HalfSplit,
}
