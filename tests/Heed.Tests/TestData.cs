namespace Heed.Tests;

/// <summary>
/// Finds optional test data that is not part of the repository: real checkpoints, vocabularies and corpora.
/// It is looked for in the folder named by HEED_TEST_DATA, then in a folder `data` of any directory beside the checkout.
/// </summary>
internal static class TestData
{
    /// <summary>The root of the checkout: the folder that holds Heed.slnx.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder with others' data, or null where there is none.</summary>
    public static string? Root { get; } = FindRoot();

    public static bool Has(string relativePath) => Root is not null && Path.Exists(Path.Combine(Root, relativePath));

    /// <summary>The full path of a file of the optional data; use in tests marked with DataFact or DataTheory.</summary>
    public static string Get(string relativePath) =>
        Path.Combine(Root ?? throw new InvalidOperationException("optional test data is absent"), relativePath);

    /// <summary>The full path of a file in tests/Golden, which is always there.</summary>
    public static string Golden(string relativePath) => Path.Combine(Repository, "tests", "Golden", relativePath);

    private static string FindRepository()
    {
        for (DirectoryInfo? dir = new(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
            if (File.Exists(Path.Combine(dir.FullName, "Heed.slnx"))) return dir.FullName;
        throw new InvalidOperationException("tests must run from inside the checkout (Heed.slnx not found)");
    }

    private static string? FindRoot()
    {
        string? named = Environment.GetEnvironmentVariable("HEED_TEST_DATA");
        if (!string.IsNullOrEmpty(named)) return Directory.Exists(named) ? named : null;
        DirectoryInfo? parent = Directory.GetParent(Repository);
        if (parent is null) return null;
        try
        {
            return parent.EnumerateDirectories()
                .Select(dir => Path.Combine(dir.FullName, "data"))
                .FirstOrDefault(dir => Directory.Exists(Path.Combine(dir, "weights", "stories260K")));
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>A fact that needs files of the optional test data and is skipped, with the reason, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DataFactAttribute : FactAttribute
{
    public DataFactAttribute(params string[] files)
    {
        foreach (string file in files)
            if (!TestData.Has(file)) Skip = $"optional test data '{file}' is absent (set HEED_TEST_DATA)";
    }
}

/// <summary>A theory that needs files of the optional test data and is skipped, with the reason, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DataTheoryAttribute : TheoryAttribute
{
    public DataTheoryAttribute(params string[] files)
    {
        foreach (string file in files)
            if (!TestData.Has(file)) Skip = $"optional test data '{file}' is absent (set HEED_TEST_DATA)";
    }
}
