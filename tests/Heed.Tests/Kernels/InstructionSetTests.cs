using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics;

namespace Heed.Tests.Kernels;

/// <summary>Runs the kernels' tests again in child processes whose runtime is told to leave instruction sets out.</summary>
public sealed class InstructionSetTests
{
    private const string ExpectedBits = "HEED_TEST_VECTOR_BITS";

    /// <summary>In a child: that the switch really reached the runtime, without which the other tests would prove nothing.</summary>
    [Fact]
    public void Child_VectorWidth_IsTheOneAskedFor()
    {
        string? expected = Environment.GetEnvironmentVariable(ExpectedBits);
        int bits = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
        int limit = expected is null ? 512 : int.Parse(expected, CultureInfo.InvariantCulture);
        bits.ShouldBeLessThanOrEqualTo(limit);
    }

    [Theory]
    [InlineData("DOTNET_EnableAVX512", 256)]
    [InlineData("DOTNET_EnableAVX2", 128)]
    public async Task Kernels_InstructionSetSwitchedOff_PassTheirTests(string variable, int bits)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add("vstest");
        start.ArgumentList.Add(typeof(InstructionSetTests).Assembly.Location);
        start.ArgumentList.Add($"--TestCaseFilter:FullyQualifiedName~Heed.Tests.Kernels&FullyQualifiedName!~{nameof(Kernels_InstructionSetSwitchedOff_PassTheirTests)}");
        start.Environment[variable] = "0";
        start.Environment[ExpectedBits] = bits.ToString(CultureInfo.InvariantCulture);
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        child.ExitCode.ShouldBe(0, $"{output}\n{await errors}");
        output.ShouldContain("Passed: ");
    }
}
