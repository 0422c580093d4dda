namespace Heed.Inference.Sampling;

/// <summary>Divides the logits by a temperature; at 0 only the likeliest token is left, of equally likely ones that with the lowest id.</summary>
public sealed class TemperatureStep : SamplingStep
{
    private readonly float _temperature;

    /// <summary>A step with a temperature.</summary>
    /// <param name="temperature">0 or more; above 1 evens the probabilities out, below 1 sharpens them.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or not finite.</exception>
    public TemperatureStep(float temperature)
    {
        if (!(temperature >= 0) || !float.IsFinite(temperature)) throw new ArgumentOutOfRangeException(nameof(temperature), temperature, $"Temperature: got {temperature}; expected a finite number, 0 or more.");
        _temperature = temperature;
    }

    /// <inheritdoc/>
    public override void Apply(TokenCandidates candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        if (_temperature == 0) candidates.KeepLikeliest();
        else candidates.Divide(_temperature);
    }

    internal bool IsGreedy => _temperature == 0;
}
