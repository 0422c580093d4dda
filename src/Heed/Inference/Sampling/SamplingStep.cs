namespace Heed.Inference.Sampling;

/// <summary>
/// A step on the way from logits to the next token: changes logits, or cuts tokens off. Steps hold no state of a generation, so
/// that one may serve many at once; what a step needs to know of the text it reads from its candidates.
/// </summary>
public abstract class SamplingStep
{
    /// <summary>How many of the latest tokens, the prompt's included, the step looks at; 0 for none, <see cref="int.MaxValue"/> for all.</summary>
    public virtual int Window => 0;

    /// <summary>Does what the step does, once for each token that is chosen; must not allocate if generation is not to.</summary>
    /// <param name="candidates">The tokens that the steps before have left.</param>
    public abstract void Apply(TokenCandidates candidates);

    /// <summary>Refuses a vocabulary that the step cannot work with.</summary>
    internal virtual void Check(int vocabSize)
    {
    }
}
