namespace Heed.Inference;

/// <summary>How the hidden states of a text's tokens become one vector.</summary>
public enum EmbeddingPooling
{
    /// <summary>Their mean, special tokens included (Reimers and Gurevych 2019, arXiv 1908.10084).</summary>
    Mean,

    /// <summary>That of the last token, which has seen all others where a model sees only what is before a token.</summary>
    LastToken,

    /// <summary>That of the first token, BERT's [CLS].</summary>
    Cls,
}
