using System.Globalization;
using System.Text;
using Heed.Models;

namespace Heed.Training;

/// <summary>A run as one HTML file that needs nothing else: curves, samples, settings; light or dark as the reader's system is.</summary>
public static class TrainingReport
{
    private const string Style = """
        :root { color-scheme: light dark; --ink: #1d2330; --soft: #667085; --line: #d9dde5; --page: #f6f7f9; --card: #ffffff; --a: #2f6fdb; --b: #d9622b; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #343a46; --page: #15181e; --card: #1d2129; --a: #7aa7f7; --b: #f2935c; } }
        body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.25rem; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.6rem; margin: 0 0 1rem; } h2 { font-size: 1rem; margin: 0 0 .5rem; }
        .cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); }
        .facts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); margin-bottom: 1rem; }
        section, .facts div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; min-width: 0; }
        .facts span { display: block; color: var(--soft); font-size: .85rem; } .facts b { font-size: 1.25rem; font-variant-numeric: tabular-nums; }
        svg { display: block; width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 11px; }
        .grid { stroke: var(--line); } .curve { fill: none; stroke-width: 1.6; stroke-linejoin: round; } .a { stroke: var(--a); } .b { stroke: var(--b); }
        .dot { fill: var(--b); stroke: none; } text.a { fill: var(--a); stroke: none; } text.b { fill: var(--b); stroke: none; }
        pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0 0; } details { margin: .4rem 0; } summary { cursor: pointer; color: var(--soft); }
        table { border-collapse: collapse; width: 100%; } td { border-top: 1px solid var(--line); padding: .25rem .5rem .25rem 0; overflow-wrap: anywhere; } td:first-child { color: var(--soft); }
        """;

    /// <summary>Writes the file, through a temporary one.</summary>
    /// <param name="path">Where.</param>
    /// <param name="steps">The steps, in their order.</param>
    /// <param name="settings">What the table of settings shows.</param>
    /// <param name="title">The heading.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<TrainingStep> steps, IReadOnlyList<(string Name, string Value)> settings, string title = "Training")
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string temporary = $"{path}.tmp";
        File.WriteAllText(temporary, Page(steps, settings, title));
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>The page; also well-formed XML after its first line.</summary>
    public static string Page(IReadOnlyList<TrainingStep> steps, IReadOnlyList<(string Name, string Value)> settings, string title)
    {
        ArgumentNullException.ThrowIfNull(steps);
        ArgumentNullException.ThrowIfNull(settings);
        StringBuilder html = new();
        html.Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        html.Append(CultureInfo.InvariantCulture, $"<title>{HtmlText.Escape(title)}</title><style>{Style}</style></head><body><h1>{HtmlText.Escape(title)}</h1>\n");
        AppendFacts(html, steps);
        html.Append("<div class=\"cards\">\n");
        foreach (CurveChart chart in Charts(steps)) html.Append(CultureInfo.InvariantCulture, $"<section><h2>{HtmlText.Escape(chart.Title)}</h2>{chart.Svg()}</section>\n");
        AppendSamples(html, steps);
        html.Append("<section><h2>Settings</h2><table>");
        foreach ((string name, string value) in settings) html.Append(CultureInfo.InvariantCulture, $"<tr><td>{HtmlText.Escape(name)}</td><td>{HtmlText.Escape(value)}</td></tr>");
        return html.Append("</table></section>\n</div></body></html>\n").ToString();
    }

    /// <summary>Model and options of a trainer as the table shows them.</summary>
    internal static IReadOnlyList<(string Name, string Value)> Describe(Trainer trainer)
    {
        ModelConfig config = trainer.WholeModel ?? trainer.Model.Config;
        FormattableString[] sizes = [$"{config.NumLayers} layers, {config.HiddenSize} wide, {config.DescribeMixer()}, {config.FeedForwardSize} inside"];
        return
        [
            ("Model", sizes[0].ToString(CultureInfo.InvariantCulture)),
            ("Parameters", config.ParameterCount().ToString("N0", CultureInfo.InvariantCulture)),
            ("Trained", trainer.Parameters.Sum(parameter => (long)ConditionText.WholeOf(parameter).ElementCount).ToString("N0", CultureInfo.InvariantCulture)),
            ("Vocabulary", config.VocabSize.ToString("N0", CultureInfo.InvariantCulture)),
            ("Dropout", config.Dropout.ToString(CultureInfo.InvariantCulture)),
            .. trainer.State.Settings.Select(setting => (setting.Key, setting.Value)),
        ];
    }

    private static CurveChart[] Charts(IReadOnlyList<TrainingStep> steps)
    {
        CurveSeries validation = new("validation", [.. steps.Where(step => step.ValidationLoss is not null).Select(step => ((double)step.Number, step.ValidationLoss!.Value))]);
        return
        [
            new CurveChart("Loss, nats per token", Series("training", step => step.Loss), validation),
            new CurveChart("Learning rate", Series("learning rate", step => step.LearningRate)),
            new CurveChart("Gradient norm", Series("gradient norm", step => step.GradientNorm)),
            new CurveChart("Tokens per second", Series("tokens/s", step => step.TokensPerSecond)),
        ];

        CurveSeries Series(string name, Func<TrainingStep, double> value) => new(name, [.. steps.Select(step => ((double)step.Number, value(step)))]);
    }

    private static void AppendFacts(StringBuilder html, IReadOnlyList<TrainingStep> steps)
    {
        if (steps.Count == 0) return;
        TrainingStep last = steps[^1];
        double? validation = steps.LastOrDefault(step => step.ValidationLoss is not null)?.ValidationLoss;
        html.Append("<div class=\"facts\">");
        Fact("Steps", $"{last.Number:N0}");
        Fact("Last loss", $"{last.Loss:F4}");
        if (validation is { } loss) Fact("Validation loss", $"{loss:F4}");
        Fact("Tokens", $"{last.Tokens:N0}");
        Fact("Time", $"{last.Elapsed:hh\\:mm\\:ss}");
        if (last.Mfu is { } mfu) Fact("MFU", $"{mfu:P1}");
        html.Append("</div>\n");

        void Fact(string name, FormattableString value) =>
            html.Append(CultureInfo.InvariantCulture, $"<div><span>{name}</span><b>{HtmlText.Escape(value.ToString(CultureInfo.InvariantCulture))}</b></div>");
    }

    private static void AppendSamples(StringBuilder html, IReadOnlyList<TrainingStep> steps)
    {
        TrainingStep[] samples = [.. steps.Where(step => step.Sample is not null)];
        if (samples.Length == 0) return;
        html.Append("<section><h2>Samples</h2>");
        for (int i = samples.Length - 1; i >= 0; i--)
            html.Append(CultureInfo.InvariantCulture, $"<details{(i == samples.Length - 1 ? " open=\"open\"" : "")}><summary>Step {samples[i].Number}</summary><pre>{HtmlText.Escape(samples[i].Sample!)}</pre></details>");
        html.Append("</section>\n");
    }
}
