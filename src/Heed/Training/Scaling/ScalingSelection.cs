namespace Heed.Training.Scaling;

/// <summary>Which trainings stand for one thing alone, where the others are no bottleneck: what Kaplan's laws are fitted to.</summary>
public static class ScalingSelection
{
    /// <summary>The losses of all sizes at one number of tokens: that which the most sizes were trained on, the greatest of such.</summary>
    public static IReadOnlyList<(double X, double Loss)> ByParameters(IReadOnlyList<ScalingPoint> points) =>
        Means(points).GroupBy(point => point.Tokens).OrderBy(group => group.Count()).ThenBy(group => group.Key).LastOrDefault() is { } most
            ? [.. most.Select(point => (point.Parameters, point.Loss)).OrderBy(point => point.Parameters)]
            : [];

    /// <summary>For every number of tokens that two sizes or more were trained on, the lowest loss.</summary>
    public static IReadOnlyList<(double X, double Loss)> ByTokens(IReadOnlyList<ScalingPoint> points) =>
        [.. Means(points).GroupBy(point => point.Tokens).Where(group => group.Count() > 1).Select(group => (group.Key, group.Min(point => point.Loss))).OrderBy(point => point.Key)];

    /// <summary>The trainings that none of less compute equals: each with the compute 6·N·D that its loss takes.</summary>
    public static IReadOnlyList<(double X, double Loss)> ByCompute(IReadOnlyList<ScalingPoint> points)
    {
        List<(double, double)> frontier = [];
        double lowest = double.PositiveInfinity;
        foreach (ScalingPoint point in Means(points).OrderBy(point => point.Flops).ThenBy(point => point.Loss))
        {
            if (point.Loss >= lowest) continue;
            lowest = point.Loss;
            frontier.Add((point.Flops, point.Loss));
        }
        return frontier;
    }

    private static IEnumerable<ScalingPoint> Means(IReadOnlyList<ScalingPoint> points) =>
        points.GroupBy(point => (point.Parameters, point.Tokens)).Select(group => group.First() with { Loss = group.Average(point => point.Loss) });
}
