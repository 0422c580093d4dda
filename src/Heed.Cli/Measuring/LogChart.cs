using System.Globalization;
using System.Text;

namespace Heed.Cli.Measuring;

/// <summary>Curves and dots as SVG, both axes logarithmic.</summary>
internal static class LogChart
{
    private const double Width = 720, Height = 420, Left = 84, Right = 150, Top = 34, Bottom = 54;
    private const int MostLengths = 10;
    private const double LabelWidth = 42;

    /// <param name="title">What stands above it.</param>
    /// <param name="unit">Of the values.</param>
    /// <param name="curves">Each with points from the shortest length to the longest, all above 0.</param>
    /// <param name="across">What the axis from left to right is; empty to leave both axes without names.</param>
    /// <param name="upward">What the other axis is.</param>
    public static string Svg(string title, string unit, IReadOnlyList<(string Name, IReadOnlyList<(double Length, double Value)> Points)> curves, string across = "", string upward = "") =>
        Svg(title, unit, [.. curves.Select(curve => new LogSeries(curve.Name, curve.Points))], across, upward);

    /// <param name="title">What stands above it; markup is escaped by the caller.</param>
    /// <param name="unit">Of the values.</param>
    /// <param name="series">One with a point or more. Bands do not stretch the axes.</param>
    /// <param name="across">What the axis from left to right is; empty to leave both axes without names.</param>
    /// <param name="upward">What the other axis is.</param>
    public static string Svg(string title, string unit, IReadOnlyList<LogSeries> series, string across = "", string upward = "")
    {
        StringBuilder svg = new();
        void Append(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));
        (double X, double Y)[] all = [.. series.SelectMany(one => one.Points)];
        Frame frame = new(all);
        Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"{title}\">");
        Append($"<rect width=\"{Width}\" height=\"{Height}\" fill=\"#fff\"/><text x=\"{Left}\" y=\"20\" font-size=\"14\">{title}</text>");
        foreach (double tick in frame.Ticks)
            Append($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{frame.Y(tick):F1}\" y2=\"{frame.Y(tick):F1}\" stroke=\"#ddd\"/><text x=\"{Left - 6}\" y=\"{frame.Y(tick) + 4:F1}\" text-anchor=\"end\">{Amount.Text(tick)} {unit}</text>");
        double free = double.NegativeInfinity;
        foreach (double place in Places([.. series.Where(one => one.IsDots || series.All(other => !other.IsDots)).SelectMany(one => one.Points).Select(point => point.X).Distinct().Order()]))
        {
            if (frame.X(place) < free) continue;
            free = frame.X(place) + LabelWidth;
            Append($"<text x=\"{frame.X(place):F1}\" y=\"{Height - Bottom + 20}\" text-anchor=\"middle\">{Amount.Text(place)}</text>");
        }
        if (across.Length > 0)
        {
            double middle = (Top + Height - Bottom) / 2;
            Append($"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 12}\" text-anchor=\"middle\" fill=\"#555\">{across} (logarithmic)</text>");
            Append($"<text x=\"16\" y=\"{middle}\" text-anchor=\"middle\" fill=\"#555\" transform=\"rotate(-90 16 {middle})\">{upward} (logarithmic)</text>");
        }
        int colours = 1 + series.Select((one, i) => one.Colour ?? i).Max();
        for (int i = 0; i < series.Count; i++)
        {
            string colour = Colour(series[i], i, colours);
            if (series[i].Band.Count > 0)
            {
                IEnumerable<(double X, double Y)> outline = [.. series[i].Band.Select(point => (point.X, point.Low)), .. series[i].Band.Reverse().Select(point => (point.X, point.High))];
                Append($"<polygon points=\"{Path(outline.Select(point => (point.X, frame.Clamp(point.Y))), frame)}\" fill=\"{colour}\" opacity=\"0.15\"/>");
            }
            if (series[i].IsDots)
                foreach ((double x, double y) in series[i].Points) Append($"<circle cx=\"{frame.X(x):F1}\" cy=\"{frame.Y(y):F1}\" r=\"3\" fill=\"{colour}\"><title>{Amount.Text(x)}: {y:G5}</title></circle>");
            else
                Append($"<polyline points=\"{Path(series[i].Points, frame)}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"{(series[i].IsDashed ? " stroke-dasharray=\"5 4\"" : "")}/>");
        }
        // Names stand beside the ends of their curves, as far apart as letters are high.
        double lowest = double.NegativeInfinity;
        foreach ((int i, double y) in series.Select((one, i) => (i, one)).Where(one => one.one.Name.Length > 0 && one.one.Points.Count > 0).Select(one => (one.i, frame.Y(one.one.Points[^1].Y))).OrderBy(end => end.Item2))
        {
            lowest = Math.Max(lowest + 14, y);
            Append($"<text x=\"{Width - Right + 8}\" y=\"{lowest + 4:F1}\" fill=\"{Colour(series[i], i, colours)}\">{series[i].Name}</text>");
        }
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Some of the places; of many those that lie as far apart as may be.</summary>
    private static double[] Places(double[] places) =>
        places.Length <= MostLengths ? places : [places[0], places[places.Length / 4], places[places.Length / 2], places[3 * places.Length / 4], places[^1]];

    private static string Colour(LogSeries series, int place, int colours) => $"hsl({(series.Colour ?? place) * 360 / colours} 65% 40%)";

    private static string Path(IEnumerable<(double X, double Y)> points, Frame frame) =>
        string.Join(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{frame.X(point.X):F1},{frame.Y(point.Y):F1}")));

    /// <summary>Where numbers lie in the drawing.</summary>
    private sealed class Frame
    {
        private readonly double _fromX, _toX, _fromY, _toY;

        public Frame((double X, double Y)[] points)
        {
            (_fromX, _toX) = (Math.Log(points.Min(point => point.X)), Math.Log(points.Max(point => point.X)));
            _toX = Math.Max(_fromX + 1e-9, _toX);
            Ticks = LogTicks.Of(points.Min(point => point.Y), points.Max(point => point.Y));
            (_fromY, _toY) = (Math.Log(Ticks[0]), Math.Log(Ticks[^1]));
        }

        public double[] Ticks { get; }

        public double X(double value) => Left + (Math.Log(value) - _fromX) / (_toX - _fromX) * (Width - Left - Right);

        public double Y(double value) => Height - Bottom - (Math.Log(value) - _fromY) / (_toY - _fromY) * (Height - Top - Bottom);

        public double Clamp(double value) => Math.Clamp(value, Ticks[0], Ticks[^1]);
    }
}
