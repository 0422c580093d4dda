namespace Heed.Training;

/// <summary>x</summary>
public static class TrainingReport
{
    internal static IReadOnlyList<(string Name, string Value)> Describe(Trainer trainer) => [];

    /// <summary>x</summary>
    public static void Write(string path, IReadOnlyList<TrainingStep> steps, IReadOnlyList<(string Name, string Value)> settings) { }
}
