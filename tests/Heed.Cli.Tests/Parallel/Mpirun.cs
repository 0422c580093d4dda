using System.Diagnostics;
using System.Globalization;

namespace Heed.Cli.Tests.Parallel;

/// <summary>heed as several processes that mpirun starts on this machine.</summary>
internal static class Mpirun
{
    /// <summary>What keeps mpirun from being used here, or null.</summary>
    public static string? Missing { get; } = OperatingSystem.IsWindows() || !IsOpenMpi() ? "Open MPI's mpirun is not installed (Debian: openmpi-bin)" : null;

    /// <summary>The command that starts so many.</summary>
    public static string[] Launcher(int ranks) => ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", ranks.ToString(CultureInfo.InvariantCulture)];

    /// <summary>Open MPI asks those who are root, as containers have it, to say twice that they mean it.</summary>
    public static Dictionary<string, string> Variables => new() { ["OMPI_ALLOW_RUN_AS_ROOT"] = "1", ["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1" };

    /// <summary>Runs to the end, with an empty input.</summary>
    public static HeedResult Run(int ranks, params string[] arguments) => RunWith(ranks, "", arguments);

    public static HeedResult RunWith(int ranks, string input, params string[] arguments) => HeedProcess.RunWith(Launcher(ranks), input, Variables, arguments);

    public static HeedProcess Start(int ranks, params string[] arguments) => HeedProcess.Start(Launcher(ranks), Variables, arguments);

    /// <summary>Whether mpirun is Open MPI's; MPICH's knows other options.</summary>
    private static bool IsOpenMpi()
    {
        if (Find("mpirun") is not { } path) return false;
        using Process version = Process.Start(new ProcessStartInfo(path, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        string text = version.StandardOutput.ReadToEnd();
        version.WaitForExit();
        return text.Contains("Open MPI", StringComparison.Ordinal);
    }

    /// <summary>Where a program lies, or null.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
