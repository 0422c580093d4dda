using System.Globalization;
using System.Net;
using Heed.Cli.Measuring;

namespace Heed.Cli.Comparing;

/// <summary>The results of a comparison as a page that needs nothing else.</summary>
internal static class ComparisonPage
{
    private static readonly string[] s_headers = ["variant", "settings", "parameters", "validation loss", "at twice the length", "tokens/s", "MiB of weights", "MiB a step", "MiB at the peak"];

    /// <param name="title">What was compared.</param>
    /// <param name="notes">What all variants had in common, a line each.</param>
    /// <param name="steps">How many steps each made.</param>
    /// <param name="results">One or more.</param>
    public static ResultPage Of(string title, IReadOnlyList<string> notes, long steps, IReadOnlyList<VariantResult> results)
    {
        ResultPage page = new(title, notes);
        page.Table(s_headers, words: 2, results.OrderBy(result => result.ValidationLoss).Select(Row));
        page.Text("Weights are float32; at the peak a training holds them with their gradients, AdamW's two moments, and a step's activations and temporaries.");
        if (results.Any(result => result.Settings.Contains("Mixer=Hard", StringComparison.OrdinalIgnoreCase)))
            page.Text("Hard attention draws what it looks at while it trains; where losses are measured it takes the most probable, so that its validation loss may be far from its training loss.");
        page.Drawing(LogChart.Svg("Training loss by step", "", [.. results.Where(result => result.Curve.Count > 0).Select(result => (WebUtility.HtmlEncode(result.Name), (IReadOnlyList<(double, double)>)result.Points(steps)))], "step", "training loss, nats a token"));
        return page;
    }

    private static string[] Row(VariantResult r)
    {
        static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
        static string Mebi(long bytes) => Number(bytes / (double)(1 << 20), "F0");
        return
        [
            r.Name, r.Settings, Number(r.Parameters, "N0"), Number(r.ValidationLoss, "F4"), r.LongLoss is { } loss ? Number(loss, "F4") : "–",
            Number(r.TokensPerSecond, "N0"), Number(r.WeightBytes / (double)(1 << 20), "F1"), Mebi(r.StepBytes), Mebi(r.PeakBytes),
        ];
    }
}
