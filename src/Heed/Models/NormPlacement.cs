namespace Heed.Models;

/// <summary>Where a block normalises.</summary>
public enum NormPlacement
{
    /// <summary>Before each part, x + part(norm(x)), and once more after the last block: Llama, GPT-2.</summary>
    Pre,

    /// <summary>After each addition, norm(x + part(x)), and nowhere else: the first transformer (Vaswani et al. 2017, arXiv 1706.03762), GPT-1.</summary>
    Post,
}
