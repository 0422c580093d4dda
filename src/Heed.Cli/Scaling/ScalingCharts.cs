using System.Globalization;
using Heed.Cli.Measuring;
using Heed.Training.Scaling;

namespace Heed.Cli.Scaling;

/// <summary>The findings of a ladder, drawn: what was measured as dots, laws as curves with their bounds.</summary>
internal static class ScalingCharts
{
    private const int Samples = 40;
    private const string Loss = "validation loss, nats a token", Operations = "compute 6·N·D, floating-point operations";

    public static IEnumerable<string> Of(ScalingFindings findings)
    {
        yield return LogChart.Svg("Loss by tokens, a curve for each size", "", Families(findings, run => run.Parameters, run => run.Tokens, (fit, size, x) => fit.Law.Loss(size, x), value => Amount.Text(value)), "tokens trained on", Loss);
        yield return LogChart.Svg("Loss by parameters, a curve for each number of tokens", "", Families(findings, run => run.Tokens, run => run.Parameters, (fit, tokens, x) => fit.Law.Loss(x, tokens), value => Amount.Text(value)), "parameters", Loss);
        yield return LogChart.Svg("Loss by compute: the law's best with its bounds, Kaplan's power dashed", "", Compute(findings), Operations, Loss);
        if (findings.Fit is { } fit) yield return LogChart.Svg("The best size for an amount of compute, with its bounds; dots: the best runs so far", "", Best(findings, fit), Operations, "parameters");
    }

    /// <summary>A family of curves, one for each of the most frequent values of a key.</summary>
    private static List<LogSeries> Families(ScalingFindings findings, Func<ScalingRun, double> key, Func<ScalingRun, double> x, Func<ScalingFit, double, double, double> law, Func<double, string> name)
    {
        const int Most = 10;
        List<LogSeries> series = [];
        double[] keys = [.. findings.Runs.GroupBy(key).OrderByDescending(group => group.Count()).Take(Most).Select(group => group.Key).Order()];
        double low = findings.Runs.Min(x), high = findings.Runs.Max(x);
        for (int i = 0; i < keys.Length; i++)
        {
            ScalingRun[] own = [.. findings.Runs.Where(run => key(run) == keys[i]).OrderBy(x)];
            series.Add(new LogSeries(name(keys[i]), [.. own.Select(run => (x(run), run.Loss))]) { IsDots = true, Colour = i });
            if (findings.Fit is { } fit) series.Add(new LogSeries("", [.. Between(low, high).Select(at => (at, law(fit, keys[i], at)))]) { Colour = i });
        }
        return series;
    }

    private static List<LogSeries> Compute(ScalingFindings findings)
    {
        List<LogSeries> series = [];
        string[] sizes = [.. findings.Runs.OrderBy(run => run.Parameters).Select(run => run.Size).Distinct()];
        for (int i = 0; i < sizes.Length; i++)
            series.Add(new LogSeries(sizes[i], [.. findings.Runs.Where(run => run.Size == sizes[i]).Select(run => (run.Point.Flops, run.Loss)).OrderBy(point => point.Flops)]) { IsDots = true, Colour = i });
        (double low, double high) = Range(findings);
        if (findings.Fit is { } fit)
        {
            series.Add(new LogSeries("law", [.. Between(low, high).Select(flops => (flops, fit.Law.Optimum(flops).Loss))])
            {
                Colour = sizes.Length,
                Band = [.. Between(low, high).Select(flops => Bounds(fit, flops, law => law.Optimum(flops).Loss))],
            });
        }
        if (findings.Frontier.Fit is { } power)
            series.Add(new LogSeries("power", [.. Between(low, high).Select(flops => (flops, power.Loss(flops).Value))]) { Colour = sizes.Length + 1, IsDashed = true });
        return series;
    }

    private static List<LogSeries> Best(ScalingFindings findings, ScalingFit fit)
    {
        (double low, double high) = Range(findings);
        (double X, double Loss)[] frontier = [.. findings.Frontier.Points];
        return
        [
            new LogSeries("runs", [.. findings.Runs.Where(run => frontier.Any(point => point.X == run.Point.Flops)).Select(run => (run.Point.Flops, (double)run.Parameters)).OrderBy(point => point.Flops)]) { IsDots = true },
            new LogSeries("best", [.. Between(low, high).Select(flops => (flops, fit.Law.Optimum(flops).Parameters))])
            {
                Band = [.. Between(low, high).Select(flops => Bounds(fit, flops, law => law.Optimum(flops).Parameters))],
            },
        ];
    }

    private static (double, double, double) Bounds(ScalingFit fit, double x, Func<ScalingLaw, double> quantity)
    {
        ScalingEstimate estimate = fit.Estimate(quantity);
        return (x, estimate.Low, estimate.High);
    }

    private static (double Low, double High) Range(ScalingFindings findings) => (findings.Runs.Min(run => run.Point.Flops), findings.Runs.Max(run => run.Point.Flops));

    private static IEnumerable<double> Between(double low, double high) =>
        Enumerable.Range(0, Samples + 1).Select(i => low * Math.Pow(high / low, (double)i / Samples));
}
