namespace Heed.Training;

/// <summary>A curve of a chart.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Points">Its points, by rising x.</param>
internal sealed record CurveSeries(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>At most <paramref name="most"/> points: neighbours in one by their means. What is no number is left out.</summary>
    public CurveSeries Thin(int most)
    {
        (double X, double Y)[] finite = [.. Points.Where(point => double.IsFinite(point.Y))];
        if (finite.Length <= most) return this with { Points = finite };
        List<(double, double)> means = [];
        for (int i = 0; i < most; i++)
        {
            int first = (int)((long)i * finite.Length / most), end = (int)((long)(i + 1) * finite.Length / most);
            ReadOnlySpan<(double X, double Y)> bin = finite.AsSpan(first, end - first);
            double x = 0, y = 0;
            foreach ((double px, double py) in bin) (x, y) = (x + px, y + py);
            means.Add((x / bin.Length, y / bin.Length));
        }
        return this with { Points = means };
    }
}
