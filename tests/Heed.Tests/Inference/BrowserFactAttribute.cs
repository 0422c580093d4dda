namespace Heed.Tests.Inference;

/// <summary>A test that opens a page in a browser, where one is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    private static readonly string[] s_names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell"];

    public BrowserFactAttribute()
    {
        if (Browser is null) Skip = $"none of {string.Join(", ", s_names)} is on the path";
    }

    /// <summary>The browser's path, or null.</summary>
    public static string? Browser => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(folder => s_names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
}
