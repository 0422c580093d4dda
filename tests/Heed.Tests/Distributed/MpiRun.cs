using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Heed.Tests.Distributed;

/// <summary>A job of tests/Heed.Ranks under a launcher, and how it ended.</summary>
internal sealed partial record MpiRun(int ExitCode, string Output, string Errors, TimeSpan Time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(100);

    /// <summary>Runs it under Open MPI, whose output lines are marked with the rank.</summary>
    public static MpiRun OpenMpi(int ranks, string mode, string[]? launcherOptions = null, (string Name, string Value)[]? environment = null) =>
        Start("mpirun.openmpi", ["--oversubscribe", "--allow-run-as-root", "--tag-output", .. launcherOptions ?? [], "-n", $"{ranks}"], mode, environment ?? []);

    public static MpiRun Mpich(int ranks, string mode, params (string Name, string Value)[] environment) =>
        Start("mpiexec.mpich", ["-n", $"{ranks}"], mode, environment);

    /// <summary>The program itself, without a launcher.</summary>
    public static MpiRun Alone(string mode, params (string Name, string Value)[] environment) => Start(null, [], mode, environment);

    /// <summary>Null where the launcher is installed, else what to say.</summary>
    public static string? WhyNot(string launcher, string package) =>
        Find(launcher) is null ? $"{launcher} is not installed (Debian: {package})" : null;

    /// <summary>The lines that a rank has printed to its error output under Open MPI.</summary>
    public string[] ErrorsOf(int rank) =>
        [.. MarkedError().Matches(Errors).Where(line => line.Groups["rank"].Value == $"{rank}").Select(line => line.Groups["text"].Value.TrimEnd())];

    // Debian's names, which tell both MPIs apart.
    private static string? Find(string launcher)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return folders.Select(folder => Path.Combine(folder, launcher)).FirstOrDefault(File.Exists);
    }

    private static MpiRun Start(string? launcher, string[] options, string mode, (string Name, string Value)[] environment)
    {
        string program = Path.Combine(AppContext.BaseDirectory.Replace("Heed.Tests", "Heed.Ranks", StringComparison.Ordinal), "Heed.Ranks.dll");
        File.Exists(program).ShouldBeTrue($"{program} must have been built with the tests");
        string dotnet = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        ProcessStartInfo start = new(launcher is null ? dotnet : Find(launcher)!) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in launcher is null ? [program, .. mode.Split(' ')] : (string[])[.. options, dotnet, program, .. mode.Split(' ')]) start.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        Stopwatch watch = Stopwatch.StartNew();
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{mode}: not ended within {Limit.TotalSeconds} s");
        }
        return new MpiRun(process.ExitCode, output.Result, errors.Result, watch.Elapsed);
    }

    [GeneratedRegex(@"(?m)^\[\d+,(?<rank>\d+)\]<stderr>:\s*(?<text>.*)$", RegexOptions.ExplicitCapture)]
    private static partial Regex MarkedError();
}
