using System.Globalization;
using Heed.Cli.Measuring;
using Heed.Training.Scaling;

namespace Heed.Cli.Scaling;

/// <summary>The findings of a ladder as a page that needs nothing else.</summary>
internal static class ScalingPage
{
    private static readonly string[] s_runHeaders = ["size", "seed", "parameters", "without vocabulary", "tokens", "6·N·D", "counted", "learning rate", "loss", "law", "seconds"];

    public static ResultPage Of(ScalingFindings findings, IReadOnlyList<string> notes)
    {
        ResultPage page = new("How loss scales", notes);
        page.Heading("The law of size and data");
        if (findings.Doubt is { } doubt) page.Text(doubt);
        if (findings.Fit is { } fit) AppendLaw(page, fit);
        else page.Text($"Not fitted. {findings.NoFit}");
        foreach (string svg in ScalingCharts.Of(findings)) page.Drawing(svg);
        if (findings.Fit is { } law) AppendOptima(page, findings, law);
        page.Heading("Powers of one thing alone");
        page.Text("L = (X₀/X)^α (Kaplan et al. 2020, arXiv 2001.08361), by least squares of the logarithms, with the 95 % bounds of Student's t; N without the vocabulary. Such a law has no floor and so holds for its own range alone.");
        page.Table(["law", "of", "points", "α", "X₀", "off by"], words: 2, findings.Laws.Select(PowerRow));
        page.Heading("Runs");
        page.Table(s_runHeaders, words: 1, findings.Runs.OrderBy(run => run.Parameters).ThenBy(run => run.Tokens).ThenBy(run => run.Seed).Select(run => RunRow(run, findings.Fit)));
        page.Text("Counted are 6 operations for each parameter and token and those of attention's scores (Chowdhery et al. 2022, arXiv 2204.02311); the loss is over held-out text, in nats per token.");
        return page;
    }

    private static void AppendLaw(ResultPage page, ScalingFit fit)
    {
        page.Text("L(N, D) = E + A/N^α + B/D^β (Hoffmann et al. 2022, arXiv 2203.15556): the least Huber losses of log loss, δ = 0.001, from many beginnings; 95 % bounds by resampling the residuals.");
        (string, Func<ScalingLaw, double>)[] quantities =
        [
            ("E, the floor", law => law.E), ("A", law => law.A), ("α", law => law.Alpha), ("B", law => law.B), ("β", law => law.Beta),
            ("a, the best N grows as C^a", law => law.SizeExponent), ("b, the best D grows as C^b", law => law.TokensExponent),
        ];
        page.Table(["", "estimate", "from", "to"], words: 1, quantities.Select(quantity => Row(quantity.Item1, fit.Estimate(quantity.Item2))));
        page.Text(string.Create(CultureInfo.InvariantCulture, $"Losses are off the law by {fit.ResidualDeviation:P2} (root of the mean square)."));
    }

    private static void AppendOptima(ResultPage page, ScalingFindings findings, ScalingFit fit)
    {
        (long least, long most) = (findings.Runs.Min(run => run.Parameters), findings.Runs.Max(run => run.Parameters));
        page.Heading("What to spend compute on");
        page.Table(["compute C", "best size N", "bounds", "best tokens D", "bounds", "D/N", "loss", "bounds", ""], words: 0, findings.Budgets.Select(flops =>
        {
            ComputeOptimum best = fit.Law.Optimum(flops);
            return (string[])
            [
                Amount.Text(flops), Amount.Text(best.Parameters), Bounds(fit.Estimate(law => law.Optimum(flops).Parameters), Amount.Text),
                Amount.Text(best.Tokens), Bounds(fit.Estimate(law => law.Optimum(flops).Tokens), Amount.Text),
                Amount.Text(best.Tokens / best.Parameters), Digits(best.Loss), Bounds(fit.Estimate(law => law.Optimum(flops).Loss), Digits),
                best.Parameters < least || best.Parameters > most ? "beyond the sizes trained" : "",
            ];
        }));
    }

    private static string[] Row(string name, ScalingEstimate estimate) => [name, Digits(estimate.Value), Digits(estimate.Low), Digits(estimate.High)];

    private static string[] PowerRow(PowerFinding finding) => finding.Fit is { } fit
        ?
        [
            finding.Name, finding.Of, finding.Points.Count.ToString(CultureInfo.InvariantCulture), $"{Digits(fit.Exponent.Value)} ({Bounds(fit.Exponent, Digits)})",
            Amount.Text(fit.Scale), fit.ResidualDeviation.ToString("P2", CultureInfo.InvariantCulture),
        ]
        : [finding.Name, $"{finding.Of}: not fitted. {finding.NoFit}", finding.Points.Count.ToString(CultureInfo.InvariantCulture), "", "", ""];

    private static string[] RunRow(ScalingRun run, ScalingFit? fit) =>
    [
        run.Size, run.Seed.ToString(CultureInfo.InvariantCulture), run.Parameters.ToString("N0", CultureInfo.InvariantCulture), run.BodyParameters.ToString("N0", CultureInfo.InvariantCulture),
        run.Tokens.ToString("N0", CultureInfo.InvariantCulture), Amount.Text(run.Point.Flops), Amount.Text(run.CountedFlops), run.LearningRate.ToString("0.#####", CultureInfo.InvariantCulture),
        run.Loss.ToString("F4", CultureInfo.InvariantCulture), fit is null ? "–" : fit.Law.Loss(run.Parameters, run.Tokens).ToString("F4", CultureInfo.InvariantCulture),
        run.Seconds.ToString("F0", CultureInfo.InvariantCulture),
    ];

    private static string Bounds(ScalingEstimate estimate, Func<double, string> text) => $"{text(estimate.Low)} to {text(estimate.High)}";

    /// <summary>Four digits; what the runs cannot tell from 0 is 0.</summary>
    private static string Digits(double value) => Math.Abs(value) < 1e-9 ? "0" : value.ToString("G4", CultureInfo.InvariantCulture);
}
