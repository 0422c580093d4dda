using Heed.Training.Data;

namespace Heed.Training.Scaling;

/// <summary>
/// A <see cref="ScalingLaw"/> fitted to trainings: the least sum of Huber losses between predicted and measured log loss, over
/// many beginnings (Hoffmann et al. 2022, arXiv 2203.15556, section 3.3), with bounds by resampling the residuals,
/// either sign alike.
/// </summary>
public sealed class ScalingFit
{
    /// <summary>The fewest points: one more than the law has numbers.</summary>
    public const int FewestPoints = 6;

    private const int Unknowns = 5, FewestKinds = 3;
    private const double MostCorrelation = 0.995;
    private readonly ScalingLaw[] _resampled;
    private readonly double _confidence;

    private ScalingFit(ScalingLaw law, ScalingLaw[] resampled, double deviation, double confidence) =>
        (Law, _resampled, ResidualDeviation, _confidence) = (law, resampled, deviation, confidence);

    /// <summary>The law that fits best.</summary>
    public ScalingLaw Law { get; }

    /// <summary>The root of the mean square of ln(predicted) − ln(measured): 0.01 is a loss that is off by one percent.</summary>
    public double ResidualDeviation { get; }

    /// <summary>Fits a law.</summary>
    /// <param name="points">Six or more, of three sizes and three numbers of tokens or more that do not rise in step.</param>
    /// <param name="options">How; the paper's δ and 95 % if null.</param>
    /// <exception cref="ArgumentException">A point is no training, or the points do not decide the law; the message says why.</exception>
    public static ScalingFit Fit(IReadOnlyList<ScalingPoint> points, ScalingFitOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(points);
        options ??= new ScalingFitOptions();
        options.Check();
        Check(points);
        HuberFit solver = new([.. points.Select(point => point.Parameters)], [.. points.Select(point => point.Tokens)], options.HuberDelta);
        double[] measured = [.. points.Select(point => Math.Log(point.Loss))];
        double[] best = solver.Solve(measured);
        double[] fitted = solver.Predict(best), residuals = [.. measured.Zip(fitted, (actual, expected) => actual - expected)];
        ScalingLaw[] resampled = new ScalingLaw[options.Resamples];
        // Such a fit passes through about as many points as it has unknowns: residuals of nothing there are no sign of little noise.
        double[] noise = [.. residuals.OrderBy(Math.Abs).Skip(Unknowns)];
        double[] drawn = new double[points.Count];
        for (int i = 0; i < resampled.Length; i++)
        {
            for (int k = 0; k < drawn.Length; k++)
            {
                long draw = CounterRandom.Below(options.Seed, (ulong)(i * drawn.Length + k), 2 * noise.Length);
                drawn[k] = fitted[k] + (draw % 2 == 0 ? noise[draw / 2] : -noise[draw / 2]);
            }
            resampled[i] = solver.Law(solver.Solve(drawn, best));
        }
        return new ScalingFit(solver.Law(best), resampled, Math.Sqrt(residuals.Average(residual => residual * residual)), options.Confidence);
    }

    /// <summary>Anything that follows from the law, with its bounds: <c>fit.Estimate(law => law.Alpha)</c>.</summary>
    public ScalingEstimate Estimate(Func<ScalingLaw, double> quantity)
    {
        ArgumentNullException.ThrowIfNull(quantity);
        double[] values = [.. _resampled.Select(quantity).Order()];
        double tail = (1 - _confidence) / 2;
        return new ScalingEstimate(quantity(Law), Quantile(values, tail), Quantile(values, 1 - tail));
    }

    private static double Quantile(double[] ordered, double part)
    {
        double place = part * (ordered.Length - 1);
        int below = (int)place, above = Math.Min(below + 1, ordered.Length - 1);
        // Equal neighbours first: the difference of two infinities is no number.
        return ordered[below] == ordered[above] ? ordered[below] : ordered[below] + (place - below) * (ordered[above] - ordered[below]);
    }

    private static void Check(IReadOnlyList<ScalingPoint> points)
    {
        foreach (ScalingPoint point in points)
            if (!(IsPositive(point.Parameters) && IsPositive(point.Tokens) && IsPositive(point.Loss)))
                throw new ArgumentException($"ScalingFit: a point has {point.Parameters} parameters, {point.Tokens} tokens and a loss of {point.Loss}; expected finite numbers above 0.", nameof(points));
        if (points.Count < FewestPoints)
            throw new ArgumentException($"ScalingFit: got {points.Count} points; expected {FewestPoints} or more, since the law has {Unknowns} unknown numbers.", nameof(points));
        Kinds("sizes", points.Select(point => point.Parameters));
        Kinds("numbers of tokens", points.Select(point => point.Tokens));
        if (points.All(point => point.Loss == points[0].Loss))
            throw new ArgumentException($"ScalingFit: all losses are {points[0].Loss}; there is nothing to fit.", nameof(points));
        double correlation = Correlation([.. points.Select(point => Math.Log(point.Parameters))], [.. points.Select(point => Math.Log(point.Tokens))]);
        if (Math.Abs(correlation) > MostCorrelation)
            throw new ArgumentException($"ScalingFit: size and tokens {(correlation > 0 ? "rise together" : "move against each other")} in all points (their logarithms correlate by {correlation:F3}), so that their shares cannot be told apart; train some size on several numbers of tokens.", nameof(points));
    }

    private static bool IsPositive(double value) => value > 0 && double.IsFinite(value);

    private static void Kinds(string what, IEnumerable<double> values)
    {
        int kinds = values.Distinct().Count();
        if (kinds < FewestKinds) throw new ArgumentException($"ScalingFit: the points have {kinds} {what}; expected {FewestKinds} or more, or the curve between them is not decided.", nameof(values));
    }

    private static double Correlation(double[] x, double[] y)
    {
        double meanX = x.Average(), meanY = y.Average();
        double both = x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum();
        return both / Math.Sqrt(x.Sum(a => (a - meanX) * (a - meanX)) * y.Sum(b => (b - meanY) * (b - meanY)));
    }
}
