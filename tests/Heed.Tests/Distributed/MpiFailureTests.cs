using Heed.Distributed;
using Heed.Distributed.Mpi;

namespace Heed.Tests.Distributed;

public sealed class MpiFailureTests
{
    // Seconds that a job may take to end, on a machine that does other things too.
    private const int Soon = 30;

    [MpiTheory]
    [InlineData("throws", 3, "rank 2 failed: the paper tore")]
    [InlineData("computes", 3, "rank 0 failed: the paper tore")]
    [InlineData("exits-with-code", 2, "rank 0 failed: it ended with exit code 7.")]
    [InlineData("told-together", 3, "rank 0 failed: the disk is full")]
    public async Task Run_RankThatFails_IsNamedOnEveryRank(string mode, int ranks, string expected)
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(ranks, mode));
        run.ExitCode.ShouldNotBe(0);
        run.Time.TotalSeconds.ShouldBeLessThan(Soon);
        for (int rank = 0; rank < ranks; rank++) run.ErrorsOf(rank).ShouldBe([expected], run.Errors);
    }

    [MpiFact]
    public async Task Run_AllRanksThatFail_SayItOnceEach()
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(3, "all-throw"));
        run.ExitCode.ShouldNotBe(0);
        for (int rank = 0; rank < 3; rank++) run.ErrorsOf(rank).ShouldHaveSingleItem().ShouldEndWith("failed: no paper");
    }

    [MpiFact]
    public async Task Run_RankThatIsKilled_EndsTheJob()
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(3, "killed"));
        run.ExitCode.ShouldNotBe(0);
        run.Time.TotalSeconds.ShouldBeLessThan(Soon);
        run.Errors.Replace('\n', ' ').ShouldContain("exited on signal 9");
    }

    [MpiFact]
    public async Task Run_RankThatIsStopped_EndsTheJobAfterTheStatedTime()
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(3, "stopped", environment: [(MpiOptions.SilenceVariable, "4")]));
        run.ExitCode.ShouldNotBe(0);
        run.Time.TotalSeconds.ShouldBeLessThan(Soon);
        run.ErrorsOf(0).ShouldContain("rank 2 failed: rank 1 has been silent for 4 s; it has stopped, or its host or the link to it is gone.", run.Errors);
        // It wakes when the launcher ends it.
        run.ErrorsOf(1).ShouldNotContain(line => line.Contains("rank 0 has been silent", StringComparison.Ordinal));
    }

    [MpiFact]
    public async Task Run_RankThatStopsBeforeItHasEndedTheJob_IsNotWaitedFor()
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(3, "stops-before-the-end"));
        run.ExitCode.ShouldNotBe(0);
        run.Time.TotalSeconds.ShouldBeLessThan(Soon);
        run.ErrorsOf(0).ShouldBe(["rank 1 failed: the paper tore"], run.Errors);
    }

    [MpiFact]
    public async Task Run_RanksThatSleepTogether_GoOn()
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(2, "sleeps", environment: [(MpiOptions.SilenceVariable, "3")]));
        run.ExitCode.ShouldBe(0, run.Errors);
        run.Time.TotalSeconds.ShouldBeGreaterThan(5);
    }

    [MpiFact]
    public async Task Exchange_OfUnequalLengths_EndsTheJobWhileMpiHoldsTheMemory()
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(2, "unequal"));
        run.ExitCode.ShouldNotBe(0);
        run.Errors.ShouldContain("rank 0 failed: Exchange: MPI says");
        run.Errors.ShouldNotContain("let go");
    }

    [Fact]
    public void MpiOptions_TimeBelowASecond_SaysWhatIsExpected()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new MpiOptions { SilenceTimeout = TimeSpan.FromSeconds(0.9) }).Message.ShouldContain("expected 1 s or more");
        MpiRun.Alone("pieces", (MpiOptions.SilenceVariable, "0.5")).Errors.ShouldContain("HEED_MPI_TIMEOUT is '0.5'; expected a number of seconds, 1 or more.");
    }

    [MpiFact]
    public async Task Run_RankThatEndsEarly_EndsTheJob()
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(2, "ends-early"));
        run.ExitCode.ShouldNotBe(0);
        run.Time.TotalSeconds.ShouldBeLessThan(Soon);
        run.ErrorsOf(1).ShouldBe(["rank 1 failed: AllReduce: rank 1 waits for rank 0, which has ended without this call."]);
    }

    [MpiTheory]
    [InlineData("never-starts", "Exit code:    3")]
    [InlineData("hangs-at-start", "A rank failed: the ranks of this job have not met in MPI_Init within 2 s; one of them has not started, or cannot reach the others.")]
    public async Task Run_RankThatNeverStarts_EndsTheJob(string mode, string expected)
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(2, mode));
        run.ExitCode.ShouldNotBe(0);
        run.Time.TotalSeconds.ShouldBeLessThan(Soon);
        run.Errors.ShouldContain(expected);
    }

    [MpiFact]
    public async Task Run_RanksThatDisagree_SayWhoHasWhat()
    {
        MpiRun run = await Task.Run(() => MpiRun.OpenMpi(3, "differs"));
        run.ExitCode.ShouldNotBe(0);
        for (int rank = 0; rank < 3; rank++)
            run.ErrorsOf(rank).ShouldHaveSingleItem().ShouldEndWith("failed: The ranks differ: option --steps is '10' on ranks 0, 2 and '20' on rank 1.");
    }

    [MpichFact]
    public async Task Run_RankThatFails_IsNamedUnderMpichToo()
    {
        MpiRun run = await Task.Run(() => MpiRun.Mpich(3, "throws"));
        run.ExitCode.ShouldNotBe(0);
        run.Time.TotalSeconds.ShouldBeLessThan(Soon);
        run.Errors.Split("rank 2 failed: the paper tore").Length.ShouldBe(4);
        (await Task.Run(() => MpiRun.Mpich(3, "killed"))).ExitCode.ShouldNotBe(0);
    }

    [MpichFact]
    public async Task World_WithAnotherLaunchersLibrary_SaysSo()
    {
        MpiRun run = await Task.Run(() => MpiRun.Mpich(2, "collectives", (MpiLibrary.Variable, "libmpi.so.40")));
        run.ExitCode.ShouldNotBe(0);
        run.Errors.ShouldContain("World: the launcher started 2 ranks (PMI_SIZE), but Open MPI");
        run.Errors.ShouldContain("sees 1; expected the launcher's own MPI library");
    }

    [Fact]
    public void World_UnderALauncherWithoutALibrary_NamesWhatToInstall()
    {
        MpiRun run = MpiRun.Alone("collectives", ("OMPI_COMM_WORLD_SIZE", "2"), (MpiLibrary.Variable, "libnone.so.1"));
        run.ExitCode.ShouldNotBe(0);
        run.Errors.ShouldContain("World: HEED_MPI_LIBRARY names 'libnone.so.1', which cannot be loaded; expected an MPI library such as libmpi.so.40 or libmpich.so.12.");
        // One rank needs none.
        MpiRun.Alone("collectives", ("OMPI_COMM_WORLD_SIZE", "1"), (MpiLibrary.Variable, "libnone.so.1")).ExitCode.ShouldBe(0);
        string missing = MpiLibrary.Missing(new MpiLauncher("OMPI_COMM_WORLD_SIZE", 2, true), ["libmpi.so.40"]);
        missing.ShouldContain("tried libmpi.so.40.");
        missing.ShouldContain("apt install openmpi-bin");
        missing.ShouldContain("dnf install openmpi");
    }

    [Fact]
    public void Find_OfEveryLauncher_KnowsIt()
    {
        Find().ShouldBe(new MpiLauncher(null, 1, true));
        Find(("OMPI_COMM_WORLD_SIZE", "4"), ("PMIX_RANK", "0")).ShouldBe(new MpiLauncher("OMPI_COMM_WORLD_SIZE", 4, true));
        Find(("PMI_SIZE", "2"), ("PMI_RANK", "1")).ShouldBe(new MpiLauncher("PMI_SIZE", 2, false));
        Find(("PMIX_RANK", "1"), ("SLURM_STEP_NUM_TASKS", "8"), ("SLURM_PROCID", "1")).ShouldBe(new MpiLauncher("PMIX_RANK", 8, true));
        Find(("SLURM_STEP_NUM_TASKS", "8"), ("SLURM_PROCID", "1")).ShouldBe(new MpiLauncher("SLURM_STEP_NUM_TASKS", 8, true));
        // A batch script that Slurm runs is no rank, whatever the job's size.
        Find(("SLURM_NTASKS", "8"), ("SLURM_PROCID", "0")).ShouldBe(new MpiLauncher(null, 1, true));

        static MpiLauncher Find(params (string Name, string Value)[] variables) =>
            MpiLauncher.Find(name => Array.Find(variables, one => one.Name == name).Value);
    }

    [Fact]
    public void Fail_WithoutMpi_Throws()
    {
        using ICommunicator world = new SingleCommunicator();
        Should.Throw<CommunicationException>(() => Communicators.Fail(world, "no paper")).Message.ShouldBe("no paper");
        Should.Throw<CommunicationException>(() => Communicators.Fail(world, new IOException("no paper"), "none at all")).Message.ShouldBe("none at all");
        Should.Throw<CommunicationException>(() => Communicators.Fail(world, new RankFailedException(3, "no paper"), "not this")).Message.ShouldBe("rank 3 failed: no paper");
    }
}
