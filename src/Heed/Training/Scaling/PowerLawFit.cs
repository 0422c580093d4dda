namespace Heed.Training.Scaling;

/// <summary>
/// Loss as a power of one thing alone, L = (X₀/X)^α: parameters, tokens or compute (Kaplan et al. 2020, arXiv 2001.08361,
/// section 1.2), by least squares of the logarithms, with the bounds of Student's t.
/// </summary>
public sealed class PowerLawFit
{
    private readonly int _count;
    private readonly double _meanX;
    private readonly double _meanY;
    private readonly double _spread;
    private readonly double _deviation;
    private readonly double _bound;

    private PowerLawFit(int count, double meanX, double meanY, double spread, double slope, double squares, double confidence)
    {
        (_count, _meanX, _meanY, _spread) = (count, meanX, meanY, spread);
        _deviation = Math.Sqrt(squares / (count - 2));
        _bound = StudentT.Bound(confidence, count - 2);
        double off = _bound * _deviation / Math.Sqrt(spread);
        Exponent = new ScalingEstimate(-slope, -slope - off, -slope + off);
        ResidualDeviation = Math.Sqrt(squares / count);
    }

    /// <summary>α.</summary>
    public ScalingEstimate Exponent { get; }

    /// <summary>X₀, where the law has a loss of 1; infinite or 0 where the exponent is about 0.</summary>
    public double Scale => Math.Exp(_meanX + _meanY / Exponent.Value);

    /// <summary>The root of the mean square of ln(predicted) − ln(measured).</summary>
    public double ResidualDeviation { get; }

    /// <summary>Fits a law.</summary>
    /// <param name="points">X and loss of three points or more.</param>
    /// <param name="confidence">Of the bounds.</param>
    /// <exception cref="ArgumentException">There are too few points, or one is not above 0.</exception>
    public static PowerLawFit Fit(IReadOnlyList<(double X, double Loss)> points, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(points);
        if (!(confidence is > 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "PowerLawFit: expected above 0, below 1.");
        foreach ((double at, double loss) in points)
            if (!(at > 0 && loss > 0 && double.IsFinite(at) && double.IsFinite(loss))) throw new ArgumentException($"PowerLawFit: a point is at {at} with a loss of {loss}; expected finite numbers above 0.", nameof(points));
        int kinds = points.Select(point => point.X).Distinct().Count();
        if (kinds < 3) throw new ArgumentException($"PowerLawFit: the points stand at {kinds} places; expected 3 or more, since a line passes through any two.", nameof(points));
        double[] x = [.. points.Select(point => Math.Log(point.X))], y = [.. points.Select(point => Math.Log(point.Loss))];
        double meanX = x.Average(), meanY = y.Average(), spread = x.Sum(value => (value - meanX) * (value - meanX));
        double slope = x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / spread;
        double squares = x.Zip(y, (a, b) => Math.Pow(b - meanY - slope * (a - meanX), 2)).Sum();
        return new PowerLawFit(points.Count, meanX, meanY, spread, slope, squares, confidence);
    }

    /// <summary>The loss at a place, with the bounds of the curve itself.</summary>
    public ScalingEstimate Loss(double x)
    {
        double away = Math.Log(x) - _meanX, value = _meanY - Exponent.Value * away;
        double off = _bound * _deviation * Math.Sqrt(1.0 / _count + away * away / _spread);
        return new ScalingEstimate(Math.Exp(value), Math.Exp(value - off), Math.Exp(value + off));
    }
}
