using System.Globalization;
using System.Text;

namespace Heed.Training;

/// <summary>One or two curves over steps, as SVG that takes its colours from the page.</summary>
/// <param name="Title">What stands above it.</param>
/// <param name="First">The first curve.</param>
/// <param name="Second">The second, drawn with dots; or null.</param>
internal sealed record CurveChart(string Title, CurveSeries First, CurveSeries? Second = null)
{
    private const double Width = 640, Height = 240, Left = 56, Right = 12, Top = 16, Bottom = 24;
    private const int MostPoints = 400;

    /// <summary>The drawing; a word where there is nothing to draw.</summary>
    public string Svg()
    {
        CurveSeries first = First.Thin(MostPoints);
        CurveSeries? second = Second?.Thin(MostPoints) is { Points.Count: > 0 } found ? found : null;
        (double X, double Y)[] all = [.. first.Points, .. second?.Points ?? []];
        if (all.Length == 0) return "<p>Nothing was measured.</p>";
        double[] ticks = Ticks(all.Min(point => point.Y), all.Max(point => point.Y));
        Frame frame = new(First.Points[0].X, First.Points[^1].X, ticks[0], ticks[^1]);
        StringBuilder svg = new();
        Append($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{HtmlText.Escape(Title)}\">");
        foreach (double tick in ticks)
        {
            double y = frame.Y(tick);
            Append($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y:F1}\" y2=\"{y:F1}\"/><text x=\"{Left - 6}\" y=\"{y + 4:F1}\" text-anchor=\"end\">{Label(tick)}</text>");
        }
        Append($"<text x=\"{Left}\" y=\"{Height - 6}\">{frame.FromX:N0}</text><text x=\"{Width - Right}\" y=\"{Height - 6}\" text-anchor=\"end\">{frame.ToX:N0} steps</text>");
        Draw(first, "a", 0);
        if (second is not null) Draw(second, "b", 1);
        return svg.Append("</svg>").ToString();

        void Append(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));

        void Draw(CurveSeries series, string style, int line)
        {
            string path = string.Join(' ', series.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{frame.X(point.X):F1},{frame.Y(point.Y):F1}")));
            Append($"<polyline class=\"curve {style}\" points=\"{path}\"><title>{HtmlText.Escape(series.Name)}</title></polyline>");
            if (line > 0 || series.Points.Count == 1)
                foreach ((double x, double y) in series.Points)
                    Append($"<circle class=\"dot\" cx=\"{frame.X(x):F1}\" cy=\"{frame.Y(y):F1}\" r=\"2.5\"><title>{x:F0}: {y:G5}</title></circle>");
            if (Second is not null) Append($"<text class=\"{style}\" x=\"{Width - Right}\" y=\"{Top + 14 * line:F0}\" text-anchor=\"end\">{HtmlText.Escape(series.Name)}</text>");
        }
    }

    /// <summary>Round numbers around a range, four to nine of them.</summary>
    internal static double[] Ticks(double low, double high)
    {
        double range = high - low;
        // A range that the numbers' own size swallows gives no ticks that differ.
        if (!(range > Math.Max(Math.Abs(low), Math.Abs(high)) * 1e-9)) range = Math.Max(Math.Abs(high), 1e-9);
        double power = Math.Pow(10, Math.Floor(Math.Log10(range / 4)));
        double step = new[] { 1.0, 2, 5, 10 }.Select(factor => factor * power).First(candidate => candidate * 8 >= range);
        double first = Math.Floor(low / step), last = Math.Max(Math.Ceiling(high / step), first + 1);
        double[] ticks = new double[(int)(last - first) + 1];
        for (int i = 0; i < ticks.Length; i++) ticks[i] = (first + i) * step;
        return ticks;
    }

    private static string Label(double tick)
    {
        double size = Math.Abs(tick);
        return tick.ToString(size >= 1e7 || size is > 0 and < 1e-5 ? "G2" : "#,0.######", CultureInfo.InvariantCulture);
    }

    private readonly record struct Frame(double FromX, double ToX, double FromY, double ToY)
    {
        public double X(double x) => Left + (Width - Left - Right) * (ToX > FromX ? (x - FromX) / (ToX - FromX) : 0.5);

        public double Y(double y) => Height - Bottom - (Height - Top - Bottom) * (y - FromY) / (ToY - FromY);
    }
}
