namespace Heed.Inference;

/// <summary>What happens when a text outgrows the model's context.</summary>
public enum ContextOverflow
{
    /// <summary>Generation ends with <see cref="FinishReason.ContextFull"/>; a prompt that does not fit is an error.</summary>
    Stop,

    /// <summary>
    /// The oldest half of the tokens, the begin token apart, is forgotten and the rest is read again; a prompt that does
    /// not fit loses its beginning.
    /// </summary>
    Slide,
}
