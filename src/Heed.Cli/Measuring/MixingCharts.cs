using System.Globalization;
using System.Text;
using Heed.Tensors;

namespace Heed.Cli.Measuring;

/// <summary>Time, work, moved bytes and memory of ways of mixing over the length, forward on the left and backward on the right, as one drawing.</summary>
internal static class MixingCharts
{
    private const int Width = 720, Height = 420;
    private const double Mebi = 1 << 20;

    /// <param name="kinds">Names in the order of their colours.</param>
    /// <param name="all">Measurements by rising length.</param>
    public static string Svg(IReadOnlyList<(string Name, MixingKind Kind)> kinds, IReadOnlyList<MixingMeasurement> all)
    {
        (string Name, MixingMeasurement[] Rows)[] own = [.. kinds.Select(kind => (kind.Name, all.Where(one => one.Kind == kind.Kind).ToArray())).Where(kind => kind.Item2.Length > 0)];
        (string Title, string Unit, Func<MixingMeasurement, MixingPass, double> Measured, Func<MixingMeasurement, MixingPass, double> Predicted)[] rows =
        [
            ("time; dashed: as expected to grow", "ms", (_, pass) => pass.Time.TotalMilliseconds, (_, _) => 0),
            ("work; dashed: predicted", "GFLOP", (_, pass) => 2e-9 * pass.MultiplyAdds, (_, pass) => 2e-9 * pass.PredictedMultiplyAdds),
            ("bytes moved; dashed: predicted", "MiB", (_, pass) => pass.MovedBytes / Mebi, (_, pass) => pass.PredictedMovedBytes / Mebi),
            ("peak memory; dashed: predicted for both passes", "MiB", (_, pass) => pass.Bytes / Mebi, (one, _) => one.PredictedBytes / Mebi),
        ];
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {2 * Width} {rows.Length * Height}\" role=\"img\" aria-label=\"Attention by length\">\n");
        for (int row = 0; row < rows.Length; row++)
        {
            for (int side = 0; side < 2; side++)
            {
                bool isBack = side == 1, isTime = row == 0;
                (string title, string unit, Func<MixingMeasurement, MixingPass, double> measured, Func<MixingMeasurement, MixingPass, double> predicted) = rows[row];
                List<LogSeries> series = [];
                for (int i = 0; i < own.Length; i++)
                {
                    MixingMeasurement[] ones = own[i].Rows;
                    (double, double)[] solid = Points(ones, isBack, measured), dashed = isTime ? Growth(ones, isBack) : Points(ones, isBack, predicted);
                    if (solid.Length > 0) series.Add(new LogSeries(own[i].Name, solid) { Colour = i });
                    if (dashed.Length > 0) series.Add(new LogSeries(solid.Length > 0 ? "" : own[i].Name, dashed) { Colour = i, IsDashed = true });
                }
                if (series.Count == 0) continue;
                string chart = LogChart.Svg($"{(isBack ? "Backward" : "Forward")}: {title}", unit, series);
                svg.Append(CultureInfo.InvariantCulture, $"<svg x=\"{side * Width}\" y=\"{row * Height}\" width=\"{Width}\" height=\"{Height}\" {chart["<svg ".Length..]}");
            }
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static (double, double)[] Points(MixingMeasurement[] ones, bool isBack, Func<MixingMeasurement, MixingPass, double> value) =>
        [.. ones.Select(one => ((double)one.Tokens, value(one, isBack ? one.Backward : one.Forward))).Where(point => point.Item2 > 0)];

    /// <summary>The expected power of the length through the time of the longest.</summary>
    private static (double, double)[] Growth(MixingMeasurement[] ones, bool isBack)
    {
        if (ones.Length < 2) return [];
        double time = (isBack ? ones[^1].Backward : ones[^1].Forward).Time.TotalMilliseconds;
        return [.. ones.Select(one => ((double)one.Tokens, time * Math.Pow(one.Tokens / (double)ones[^1].Tokens, MixingMeasurement.ExpectedPower(one.Kind))))];
    }
}
