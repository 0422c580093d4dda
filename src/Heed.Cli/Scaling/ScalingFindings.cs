using Heed.Training.Scaling;

namespace Heed.Cli.Scaling;

/// <summary>What the runs of a ladder say together, and why not where they say nothing.</summary>
internal sealed class ScalingFindings
{
    private const double Beyond = 100, Undetermined = 10;

    /// <param name="runs">One or more.</param>
    /// <param name="budgets">Amounts of compute that are asked about.</param>
    /// <param name="resamples">For the bounds.</param>
    public ScalingFindings(IReadOnlyList<ScalingRun> runs, IEnumerable<double> budgets, int resamples)
    {
        Runs = runs;
        try
        {
            Fit = ScalingFit.Fit([.. runs.Select(run => run.Point)], new ScalingFitOptions { Resamples = resamples });
        }
        catch (ArgumentException e)
        {
            NoFit = Reason(e);
        }
        ScalingPoint[] bodies = [.. runs.Select(run => run.BodyPoint)];
        Laws =
        [
            new PowerFinding("L(N)", "parameters without the vocabulary, at the same tokens", ScalingSelection.ByParameters(bodies)),
            new PowerFinding("L(D)", "tokens, the best size of each", ScalingSelection.ByTokens(bodies)),
            new PowerFinding("L(C)", "compute 6·N·D of all parameters, the best run up to each", ScalingSelection.ByCompute([.. runs.Select(run => run.Point)])),
        ];
        (double low, double high) = (runs.Min(run => run.Point.Flops), runs.Max(run => run.Point.Flops));
        Budgets = [.. Decades(low, high * Beyond).Concat(budgets).Distinct().Order()];
    }

    public IReadOnlyList<ScalingRun> Runs { get; }

    /// <summary>Null where <see cref="NoFit"/> says why.</summary>
    public ScalingFit? Fit { get; }

    public string? NoFit { get; }

    /// <summary>What to say where the bounds of an exponent, or of the best size for the dearest run's compute, span a factor of ten or more; else null.</summary>
    public string? Doubt
    {
        get
        {
            if (Fit is not { } fit) return null;
            double most = Runs.Max(run => run.Point.Flops);
            ScalingEstimate[] estimates = [fit.Estimate(law => law.Alpha), fit.Estimate(law => law.Beta), fit.Estimate(law => law.SizeExponent), fit.Estimate(law => law.Optimum(most).Parameters)];
            return Array.Exists(estimates, estimate => !(estimate.High < Undetermined * estimate.Low))
                ? "These runs do not determine the law: bounds span a factor of ten or more. It takes more sizes and more numbers of tokens."
                : null;
        }
    }

    /// <summary>Kaplan's laws of one thing alone.</summary>
    public IReadOnlyList<PowerFinding> Laws { get; }

    /// <summary>The law of compute among them.</summary>
    public PowerFinding Frontier => Laws[^1];

    /// <summary>Amounts of compute to spend: powers of ten from the runs' to a hundred times that, and those that were asked about.</summary>
    public IReadOnlyList<double> Budgets { get; }

    /// <summary>What an error of the fit says, without the names of the code.</summary>
    internal static string Reason(ArgumentException error)
    {
        string text = ErrorText.Of(error);
        text = text[(text.IndexOf(": ", StringComparison.Ordinal) is >= 0 and var colon ? colon + 2 : 0)..];
        return char.ToUpperInvariant(text[0]) + text[1..];
    }

    private static IEnumerable<double> Decades(double low, double high)
    {
        for (double power = Math.Ceiling(Math.Log10(low)); Math.Pow(10, power) <= high; power++) yield return Math.Pow(10, power);
    }
}
