namespace Heed.Inference.Sampling;

/// <summary>What top-p does with a token before which the others sum up to p exactly.</summary>
public enum TopPBoundary
{
    /// <summary>It stays: tokens stay while the probability of those before them is at most p, as in Llama's own code.</summary>
    AtMost,

    /// <summary>It goes: tokens stay while the probability of those before them is below p, as in Hugging Face's transformers.</summary>
    Below,
}
