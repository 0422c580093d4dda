namespace Heed.Cli.Tests;

/// <summary>A fact about signals and pipes as Unix has them; skipped elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute()
    {
        if (OperatingSystem.IsWindows()) Skip = "Windows has neither kill -INT nor SIGPIPE";
    }
}
