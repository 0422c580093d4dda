using System.Globalization;
using System.Text;

namespace Heed.Cli.Measuring;

/// <summary>Curves over lengths as SVG, both axes logarithmic, colours by the page's or viewer's scheme.</summary>
internal static class LogChart
{
    private const double Width = 720, Height = 420, Left = 64, Right = 150, Top = 34, Bottom = 36;

    /// <param name="title">What stands above it.</param>
    /// <param name="unit">Of the values.</param>
    /// <param name="curves">Each with points from the shortest length to the longest, all above 0.</param>
    public static string Svg(string title, string unit, IReadOnlyList<(string Name, IReadOnlyList<(double Length, double Value)> Points)> curves)
    {
        StringBuilder svg = new();
        void Append(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));
        (double Length, double Value)[] all = [.. curves.SelectMany(curve => curve.Points)];
        double fromX = Math.Log2(all.Min(point => point.Length)), toX = Math.Max(fromX + 1e-9, Math.Log2(all.Max(point => point.Length)));
        double fromY = Math.Floor(Math.Log10(all.Min(point => point.Value))), toY = Math.Max(fromY + 1, Math.Ceiling(Math.Log10(all.Max(point => point.Value))));
        double X(double length) => Left + (Math.Log2(length) - fromX) / (toX - fromX) * (Width - Left - Right);
        double Y(double value) => Height - Bottom - (Math.Log10(value) - fromY) / (toY - fromY) * (Height - Top - Bottom);
        Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"{title}\">");
        Append($"<rect width=\"{Width}\" height=\"{Height}\" fill=\"#fff\"/><text x=\"{Left}\" y=\"20\" font-size=\"14\">{title}</text>");
        for (double power = fromY; power <= toY; power++)
            Append($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(Math.Pow(10, power)):F1}\" y2=\"{Y(Math.Pow(10, power)):F1}\" stroke=\"#ddd\"/><text x=\"{Left - 6}\" y=\"{Y(Math.Pow(10, power)) + 4:F1}\" text-anchor=\"end\">{Math.Pow(10, power):G4} {unit}</text>");
        foreach (double length in all.Select(point => point.Length).Distinct().Order())
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
}
