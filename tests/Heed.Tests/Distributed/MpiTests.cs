using System.Globalization;
using System.Text.RegularExpressions;

namespace Heed.Tests.Distributed;

public sealed class MpiTests
{
    [MpiTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Collectives_OfEveryType_AreRightUnderOpenMpi(int ranks)
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(ranks, "collectives"));
        run.ExitCode.ShouldBe(0, run.Errors);
        run.Output.ShouldContain($"{ranks} ranks agree");
    }

    [MpichFact]
    public async Task Collectives_OfEveryType_AreRightUnderMpich()
    {
        foreach (int ranks in new[] { 1, 2, 4 })
        {
            MpiRun run = await Task.Run(() => MpiRun.Mpich(ranks, "collectives"));
            run.ExitCode.ShouldBe(0, run.Errors);
            run.Output.ShouldContain($"{ranks} ranks agree");
        }
    }

    [MpiFact]
    public async Task Collectives_InPieces_AreTheSame()
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(3, "pieces"));
        run.ExitCode.ShouldBe(0, run.Errors);
    }

    // MPICH holds 2048 groups.
    [MpichFact]
    public async Task Dispose_OfGrids_FreesTheirGroups()
    {
        MpiRun run = await Task.Run(() => MpiRun.Mpich(2, "grids 1100"));
        run.ExitCode.ShouldBe(0, run.Errors);
    }

    [MpiFact]
    public async Task Dispose_OfGridsUnderOpenMpi_FreesTheirGroups()
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(2, "grids 200"));
        run.ExitCode.ShouldBe(0, run.Errors);
    }

    [Fact]
    public void Collectives_WithoutALauncher_AreThoseOfAWorldOfOne()
    {
        MpiRun run = MpiRun.Alone("collectives");
        run.ExitCode.ShouldBe(0, run.Errors);
        run.Output.ShouldContain("1 ranks agree");
    }

    [MpiFact]
    public async Task Barrier_OfARankThatWaits_LeavesTheCoreToOthers()
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(2, "waits"));
        run.ExitCode.ShouldBe(0, run.Errors);
        double.Parse(Regex.Match(run.Output, @"used ([\d.]+)").Groups[1].Value, CultureInfo.InvariantCulture).ShouldBeLessThan(0.3);
    }

    // What Open MPI itself saw leave, over all ranks, is what the communicators count; the watch's few bytes come on top.
    [MpiTheory]
    [InlineData(2, "all-reduce")]
    [InlineData(4, "all-reduce")]
    [InlineData(3, "all-reduce-bf16")]
    [InlineData(4, "all-gather")]
    [InlineData(4, "reduce-scatter")]
    [InlineData(4, "broadcast")]
    public async Task Traffic_OfCollectives_IsWhatOpenMpiSees(int ranks, string operation)
    {
        string folder = Directory.CreateTempSubdirectory("heed-traffic").FullName;
        try
        {
            string[] monitoring = ["--mca", "pml_monitoring_enable", "2", "--mca", "pml_monitoring_enable_output", "3", "--mca", "pml_monitoring_filename", Path.Combine(folder, "seen")];
            MpiRun run = await Task.Run(() => MpiRun.OpenMpi(ranks, $"traffic {operation}", monitoring));
            run.ExitCode.ShouldBe(0, run.Errors);
            long counted = long.Parse(Regex.Match(run.Output, @"counted (\d+)").Groups[1].Value, CultureInfo.InvariantCulture);
            long seen = Directory.GetFiles(folder).SelectMany(File.ReadLines)
                .Select(line => Regex.Match(line, @"^[EI]\t\d+\t\d+\t(\d+) bytes")).Where(match => match.Success)
                .Sum(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
            seen.ShouldBeInRange(counted, counted + 4096);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
