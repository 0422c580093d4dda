namespace Heed.Cli.Measuring;

/// <summary>How something grows: the exponent of the power law through points, by least squares of the logarithms.</summary>
internal static class GrowthFit
{
    /// <summary>The exponent; NaN for fewer than two lengths, or where a value is not above 0.</summary>
    public static double Exponent(IReadOnlyList<(double Length, double Value)> points)
    {
        if (points.Select(point => point.Length).Distinct().Count() < 2 || points.Any(point => !(point.Value > 0))) return double.NaN;
        double meanX = points.Average(point => Math.Log(point.Length)), meanY = points.Average(point => Math.Log(point.Value));
        double both = points.Sum(point => (Math.Log(point.Length) - meanX) * (Math.Log(point.Value) - meanY));
        return both / points.Sum(point => Math.Pow(Math.Log(point.Length) - meanX, 2));
    }
}
