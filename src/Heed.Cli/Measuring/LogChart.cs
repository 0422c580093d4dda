using System.Globalization;
using System.Text;

namespace Heed.Cli.Measuring;

/// <summary>Curves over lengths as SVG, both axes logarithmic, colours by the page's or viewer's scheme.</summary>
internal static class LogChart
{
    private const double Width = 720, Height = 420, Left = 64, Right = 150, Top = 34, Bottom = 36;
    private const int MostLengths = 10;

    /// <param name="title">What stands above it.</param>
    /// <param name="unit">Of the values.</param>
    /// <param name="curves">Each with points from the shortest length to the longest, all above 0.</param>
    public static string Svg(string title, string unit, IReadOnlyList<(string Name, IReadOnlyList<(double Length, double Value)> Points)> curves)
    {
        StringBuilder svg = new();
        void Append(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));
        (double Length, double Value)[] all = [.. curves.SelectMany(curve => curve.Points)];
        double fromX = Math.Log2(all.Min(point => point.Length)), toX = Math.Max(fromX + 1e-9, Math.Log2(all.Max(point => point.Length)));
        double[] ticks = Ticks(all.Min(point => point.Value), all.Max(point => point.Value));
        double fromY = Math.Log10(ticks[0]), toY = Math.Log10(ticks[^1]);
        double X(double length) => Left + (Math.Log2(length) - fromX) / (toX - fromX) * (Width - Left - Right);
        double Y(double value) => Height - Bottom - (Math.Log10(value) - fromY) / (toY - fromY) * (Height - Top - Bottom);
        Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"{title}\">");
        Append($"<rect width=\"{Width}\" height=\"{Height}\" fill=\"#fff\"/><text x=\"{Left}\" y=\"20\" font-size=\"14\">{title}</text>");
        foreach (double tick in ticks)
            Append($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(tick):F1}\" y2=\"{Y(tick):F1}\" stroke=\"#ddd\"/><text x=\"{Left - 6}\" y=\"{Y(tick) + 4:F1}\" text-anchor=\"end\">{tick:G4} {unit}</text>");
        double[] lengths = [.. all.Select(point => point.Length).Distinct().Order()];
        foreach (double length in lengths.Length <= MostLengths ? lengths : [lengths[0], lengths[lengths.Length / 4], lengths[lengths.Length / 2], lengths[^1]])
            Append($"<text x=\"{X(length):F1}\" y=\"{Height - 14}\" text-anchor=\"middle\">{length:F0}</text>");
        // Names stand beside the ends of their curves, as far apart as letters are high.
        double lowest = double.NegativeInfinity;
        foreach ((int i, double y) in curves.Select((curve, i) => (i, Y(curve.Points[^1].Value))).OrderBy(end => end.Item2))
        {
            lowest = Math.Max(lowest + 14, y);
            string colour = $"hsl({i * 360 / curves.Count} 65% 40%)";
            string path = string.Join(' ', curves[i].Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.Length):F1},{Y(point.Value):F1}")));
            Append($"<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"/><text x=\"{Width - Right + 8}\" y=\"{lowest + 4:F1}\" fill=\"{colour}\">{curves[i].Name}</text>");
        }
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>1, 2 or 5 times powers of ten around a range; decades alone where it is wide.</summary>
    private static double[] Ticks(double low, double high)
    {
        double[] steps = high / low > 100 ? [1] : [1, 2, 5];
        List<double> ticks = [];
        for (double power = Math.Floor(Math.Log10(low)); power <= Math.Ceiling(Math.Log10(high)) + 1; power++)
            ticks.AddRange(steps.Select(step => step * Math.Pow(10, power)));
        int first = ticks.FindLastIndex(tick => tick <= low * (1 + 1e-9)), last = ticks.FindIndex(tick => tick >= high * (1 - 1e-9));
        return [.. ticks[Math.Max(0, first)..(Math.Max(last, first + 1) + 1)]];
    }
}
