using System.Globalization;
using System.Net;
using System.Text;
using Heed.Cli.Measuring;

namespace Heed.Cli.Comparing;

/// <summary>The results of a comparison as a page that needs nothing else.</summary>
internal static class ComparisonPage
{
    private const string Style = "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color-scheme:light dark}"
        + "table{border-collapse:collapse}td,th{padding:.25em .8em;text-align:right;border-bottom:1px solid #8884}td:first-child,th:first-child,td:nth-child(2),th:nth-child(2){text-align:left}svg{max-width:100%}";

    /// <param name="title">What was compared.</param>
    /// <param name="notes">What all variants had in common, a line each.</param>
    /// <param name="results">One or more.</param>
    public static string Html(string title, IReadOnlyList<string> notes, IReadOnlyList<VariantResult> results)
    {
        StringBuilder html = new();
        html.Append("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">");
        html.Append(CultureInfo.InvariantCulture, $"<title>{Escape(title)}</title><style>{Style}</style>\n<h1>{Escape(title)}</h1>\n");
        foreach (string note in notes) html.Append(CultureInfo.InvariantCulture, $"<p>{Escape(note)}</p>\n");
        html.Append("<table><tr><th>variant</th><th>settings</th><th>parameters</th><th>validation loss</th><th>at twice the length</th><th>tokens/s</th><th>MiB a step</th></tr>\n");
        foreach (VariantResult r in results.OrderBy(result => result.ValidationLoss))
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{Escape(r.Name)}</td><td>{Escape(r.Settings)}</td><td>{r.Parameters:N0}</td><td>{r.ValidationLoss:F4}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td>{(r.LongLoss is { } loss ? loss.ToString("F4", CultureInfo.InvariantCulture) : "–")}</td><td>{r.TokensPerSecond:N0}</td><td>{r.StepBytes / (double)(1 << 20):F0}</td></tr>\n");
        }
        html.Append("</table>\n");
        html.Append(LogChart.Svg("Loss by step", "", [.. results.Where(result => result.Curve.Count > 0).Select(result => (Escape(result.Name), result.Curve))]));
        return html.Append("</html>\n").ToString();
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
