using System.Diagnostics;
using System.Text;

namespace Heed.Cli.Tests;

/// <summary>What a run of heed left behind.</summary>
internal sealed record HeedResult(int ExitCode, string Out, string Err);

/// <summary>The built command as a child process, as a shell would run it; its input and outputs are pipes.</summary>
internal sealed class HeedProcess : IDisposable
{
    // Far more than any run takes, for machines with other things to do.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private readonly Process _process;
    private readonly Task<string> _error;

    private HeedProcess(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
    }

    public StreamWriter Input => _process.StandardInput;

    public StreamReader Output => _process.StandardOutput;

    /// <summary>Runs to the end, with an empty input.</summary>
    public static HeedResult Run(params string[] arguments) => RunWith("", null, arguments);

    /// <summary>Runs to the end.</summary>
    public static HeedResult RunWith(string input, Dictionary<string, string>? variables, params string[] arguments) => RunWith([], input, variables, arguments);

    /// <summary>Runs to the end, started by another command.</summary>
    public static HeedResult RunWith(string[] launcher, string input, Dictionary<string, string>? variables, params string[] arguments)
    {
        using HeedProcess heed = Start(launcher, variables, arguments);
        Task<string> output = heed.Output.ReadToEndAsync();
        heed.Input.Write(input);
        heed.Input.Close();
        int exitCode = heed.WaitForExit();
        HeedResult result = new(exitCode, output.Result, heed._error.Result);
        // Nothing that colours or moves; a model that has hardly learnt may write any single character.
        result.Out.ShouldNotContain("\e[");
        result.Err.ShouldNotContain("\e[");
        return result;
    }

    public static HeedProcess Start(Dictionary<string, string>? variables, params string[] arguments) => Start([], variables, arguments);

    /// <param name="launcher">A command that starts heed, or nothing.</param>
    /// <param name="variables">Of the environment.</param>
    /// <param name="arguments">Heed's.</param>
    public static HeedProcess Start(string[] launcher, Dictionary<string, string>? variables, params string[] arguments)
    {
        string[] command = [.. launcher, Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet"];
        ProcessStartInfo start = new(command[0])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (string argument in command[1..]) start.ArgumentList.Add(argument);
        start.ArgumentList.Add(typeof(CommandLine).Assembly.Location);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment.Remove("HEED_MODEL");
        start.Environment.Remove("HEED_DEBUG");
        foreach ((string name, string value) in variables ?? []) start.Environment[name] = value;
        return new HeedProcess(Process.Start(start)!);
    }

    /// <summary>Reads so many characters of standard output, which must come.</summary>
    public string Read(int count)
    {
        char[] text = new char[count];
        Task<int> read = Output.ReadBlockAsync(text, 0, count);
        read.Wait(s_patience).ShouldBeTrue("heed should have written more");
        read.Result.ShouldBe(count);
        return new string(text);
    }

    /// <summary>What a terminal sends at Ctrl-C.</summary>
    public void Interrupt()
    {
        using Process kill = Process.Start("kill", ["-INT", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        kill.ExitCode.ShouldBe(0);
    }

    /// <summary>Ends it at once, without a chance to save anything: kill -9.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public bool HasExited => _process.HasExited;

    public int WaitForExit() => WaitForExit(s_patience);

    public int WaitForExit(TimeSpan patience)
    {
        _process.WaitForExit(patience).ShouldBeTrue("heed should have ended");
        return _process.ExitCode;
    }

    /// <summary>Ends one of the processes that this one has started, at once if no other signal is given.</summary>
    /// <param name="number">Which of them, by age from 0.</param>
    /// <param name="signal">The signal's name.</param>
    public void KillChild(int number, string signal = "KILL")
    {
        using Process kill = Process.Start("sh", ["-c", $"kill -{signal} $(pgrep -P {_process.Id} | sed -n {number + 1}p)"]);
        kill.WaitForExit();
        kill.ExitCode.ShouldBe(0);
    }

    public string ErrorText() => _error.Result;

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }
}
