namespace Heed.Training;

/// <summary>How well a model predicts a text.</summary>
/// <param name="Loss">The mean of −ln p over the targets, in nats.</param>
/// <param name="Targets">The number of targets.</param>
public readonly record struct EvaluationResult(double Loss, long Targets)
{
    /// <summary>e^loss: as many equally likely tokens to choose from would be as hard.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Loss·targets/(ln 2·bytes): comparable between tokenizers.</summary>
    /// <param name="bytes">The length of the text that the targets stand for, in bytes of UTF-8.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is below 1.</exception>
    public double BitsPerByte(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        return Loss * Targets / (Math.Log(2) * bytes);
    }
}
