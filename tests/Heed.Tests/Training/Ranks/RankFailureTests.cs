using Heed.Distributed;
using Heed.Models;
using Heed.Tests.Formats;
using Heed.Training;

namespace Heed.Tests.Training.Ranks;

public sealed class RankFailureTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory, InlineData(false), InlineData(true)]
    public void RunAsync_OneRankCancelled_EndsAllAtOneStepWithACheckpoint(bool sharded)
    {
        string folder = _temp.File("run");
        long[] steps = InProcessCommunicator.Run(3, world =>
        {
            using CancellationTokenSource stop = new();
            Trainer trainer = Make(world, RankRun.Options with { ShardOptimizer = sharded }, world.Rank == 0 ? folder : null);
            Should.Throw<OperationCanceledException>(() => RankRun.Steps(trainer, step =>
            {
                if (step.Number == 3 && world.Rank == 2) stop.Cancel();
            }, stop.Token));
            return trainer.Step;
        });
        steps.ShouldBe([3, 3, 3]);
        new TrainingFolder(folder).Newest!.ShouldEndWith("step-00000003.safetensors");
    }

    [Theory, InlineData(true), InlineData(false)]
    public void RunAsync_OneRankFails_EndsAllWithItsError(bool overlap)
    {
        IOException error = Should.Throw<IOException>(() => InProcessCommunicator.Run(3, world =>
        {
            TinyRun.Batches batches = new(8, seen: step =>
            {
                if (step == 4 && world.Rank == 1) throw new IOException("The data's disk is gone.");
            });
            RankRun.Steps(new Trainer(TinyRun.Model(), batches, RankRun.Options with { OverlapGradients = overlap }, grid: new ProcessGrid(world)));
        }));
        error.Message.ShouldBe("The data's disk is gone.");
    }

    [Fact]
    public void RunAsync_LinkThatFailsBesideTheBackwardPass_EndsAllWithItsError() =>
        Should.Throw<IOException>(() => InProcessCommunicator.Run(2, world =>
        {
            // Step 1 sends all buckets, step 2 some of them.
            using CutLink link = new(world, world.Rank == 1 ? 12 : int.MaxValue);
            RankRun.Steps(new Trainer(TinyRun.Model(), new TinyRun.Batches(8), RankRun.Options, grid: new ProcessGrid(link)));
        })).Message.ShouldBe("The link is cut.");

    [Fact]
    public void RunAsync_FirstRanksDiskIsFull_AllSaveAndEnd()
    {
        string folder = _temp.File("run");
        string[] said = InProcessCommunicator.Run(2, world =>
        {
            Transformer model = TinyRun.Model();
            Trainer trainer = new(model, new TinyRun.Batches(8), RankRun.Options with { ShardOptimizer = true }, grid: new ProcessGrid(world))
            {
                Folder = world.Rank == 0 ? new TrainingFolder(folder) : null,
                OpenMetrics = (_, _) => new MetricsLog(new FullDisk()),
            };
            string message = Should.Throw<Exception>(() => RankRun.Steps(trainer)).Message;
            trainer.Step.ShouldBe(1);
            return message;
        });
        said.ShouldAllBe(message => message.Contains("its metrics could not be written", StringComparison.Ordinal));
        said[1].ShouldStartWith("rank 0 failed: ");
        new TrainingFolder(folder).Newest!.ShouldEndWith("step-00000001.safetensors");
    }

    [Fact]
    public void RunAsync_OneRanksWeightsAreNoNumbers_AllDivergeAtOneStep()
    {
        long[] steps = InProcessCommunicator.Run(2, world =>
        {
            Transformer model = TinyRun.Model();
            Trainer trainer = new(model, new TinyRun.Batches(8), RankRun.Options, grid: new ProcessGrid(world));
            return Should.Throw<TrainingDivergedException>(() => RankRun.Steps(trainer, step =>
            {
                if (step.Number == 2 && world.Rank == 1) model.Parameters[^1].Value.AsSpan()[0] = float.NaN;
            })).Step;
        });
        steps.ShouldBe([3, 3]);
    }

    [Fact]
    public void RunAsync_CheckpointBySeconds_IsTheFirstRanksToDecide()
    {
        RankResult[] ranks = RankRun.Train(2, RankRun.Options with { Steps = 3, CheckpointEverySeconds = 0 }, folder: rank => rank == 0 ? new TrainingFolder(_temp.File("run")) : null);
        ranks.ShouldAllBe(rank => rank.Steps.All(step => step.Checkpoint != null));
    }

    [Fact]
    public void RunAsync_Sample_IsMadeByTheFirstRankAlone()
    {
        int[] made = InProcessCommunicator.Run(2, world =>
        {
            int count = 0;
            Trainer trainer = new(TinyRun.Model(), new TinyRun.Batches(8), RankRun.Options with { Steps = 2, SampleEvery = 1 }, grid: new ProcessGrid(world)) { Sample = () => $"sample {++count}" };
            RankRun.Steps(trainer);
            return count;
        });
        made.ShouldBe([2, 0]);
    }

    [Fact]
    public void RunAsync_SampleFailsOnOneOfThoseThatShareTheModel_EndsAllWithItsError()
    {
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(1));
        IOException error = Should.Throw<IOException>(() => InProcessCommunicator.Run(
            2,
            world =>
            {
                ProcessGrid grid = new(world, 2);
                Trainer trainer = new(TinyRun.Model(), new TinyRun.Batches(8), RankRun.Options with { SampleEvery = 1 }, grid: grid) { Sample = Write };
                RankRun.Steps(trainer);

                string Write()
                {
                    if (world.Rank == 1) throw new IOException("The prompt's disk is gone.");
                    grid.Tensor.Barrier();
                    return "";
                }
            },
            patience.Token));
        error.Message.ShouldBe("The prompt's disk is gone.");
    }

    [Fact]
    public void RunAsync_SeveralRuns_LeaveNoCommunicatorBehind() => InProcessCommunicator.Run(2, world =>
    {
        int[] open = [0];
        ProcessGrid grid = new(new CutLink(world, int.MaxValue, open));
        int ofGrid = open[0];
        for (int run = 0; run < 3; run++) RankRun.Steps(new Trainer(TinyRun.Model(), new TinyRun.Batches(8), RankRun.Options with { Steps = 2 }, grid: grid));
        open[0].ShouldBe(ofGrid);

        Trainer trainer = new(TinyRun.Model(), new TinyRun.Batches(8), RankRun.Options with { Steps = 4 }, grid: grid);
        foreach (TrainingStep _ in trainer.RunAsync().ToBlockingEnumerable()) break;
        foreach (TrainingStep _ in trainer.RunAsync().ToBlockingEnumerable()) break;
        open[0].ShouldBe(ofGrid + 1, "one run goes on with what the other left");
        RankRun.Steps(trainer).Count.ShouldBe(2);
        open[0].ShouldBe(ofGrid);
    });

    private static Trainer Make(ICommunicator world, TrainingOptions options, string? folder) =>
        new(TinyRun.Model(), new TinyRun.Batches(8), options, grid: new ProcessGrid(world)) { Folder = folder is null ? null : new TrainingFolder(folder) };

    private sealed class FullDisk : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("No space left on device.");

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("No space left on device.");
    }
}
