namespace Heed.Tests.Distributed;

/// <summary>Whole models on ranks that are processes, against one that is whole: within 1e-5, since sums have another order.</summary>
public sealed class MpiModelTests
{
    [MpiTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Logits_OfRanksThatShareAModel_AreThoseOfOne(int ranks) => await Check(ranks, "logits");

    [MpiTheory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(4, 1)]
    [InlineData(2, 2)]
    [InlineData(4, 2)]
    [InlineData(4, 4)]
    public async Task Training_InGrids_MakesTheLossesAndParametersOfOne(int ranks, int tensorParallel) => await Check(ranks, $"training {tensorParallel}");

    [MpichFact]
    public async Task Training_UnderMpich_MakesTheLossesAndParametersOfOne()
    {
        MpiRun run = await Task.Run(() => MpiRun.Mpich(2, "training 2"));
        run.ExitCode.ShouldBe(0, run.Errors);
    }

    private static async Task Check(int ranks, string mode)
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(ranks, mode));
        run.ExitCode.ShouldBe(0, run.Errors);
    }
}
