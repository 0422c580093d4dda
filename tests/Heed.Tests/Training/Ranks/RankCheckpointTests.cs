using Heed.Distributed;
using Heed.Models;
using Heed.Models.Sharding;
using Heed.Tests.Formats;
using Heed.Training;

namespace Heed.Tests.Training.Ranks;

public sealed class RankCheckpointTests : IDisposable
{
    private static readonly ModelConfig s_dropping = TinyRun.Config with { Dropout = 0.2f };

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData(false, false, 0), InlineData(true, false, 0), InlineData(true, true, 0), InlineData(false, true, 4), InlineData(true, false, 4)]
    public void Resume_SavedOnTwoRanks_GoesOnWithOneOrFour(bool savedSharded, bool resumedSharded, int parts)
    {
        TrainingOptions options = RankRun.Options with { CheckpointEvery = 5, DeterministicParts = parts };
        RankResult through = RankRun.Train(1, options, s_dropping)[0];
        foreach (int ranks in (int[])[1, 4])
        {
            string folder = _temp.File($"run{ranks}");
            StopAfter(5, 2, options with { ShardOptimizer = savedSharded }, folder);
            RankResult[] resumed = RankRun.Train(ranks, options with { ShardOptimizer = resumedSharded }, s_dropping, folder: rank => rank == 0 ? new TrainingFolder(folder) : null, resume: true);
            resumed.ShouldAllBe(rank => rank.Steps[0].Number == 6 && rank.Steps.Count == 5 && rank.Steps[4].Tokens == through.Steps[9].Tokens);
            foreach (RankResult rank in resumed)
                if (parts > 0) RankRun.ShouldBeTheSame(rank.Weights, through.Weights);
                else RankRun.ShouldBeClose(rank.Weights, through.Weights);
        }
    }

    [Fact]
    public void Resume_SavedOnAGrid_GoesOnWithoutOne()
    {
        TrainingOptions options = RankRun.Options with { CheckpointEvery = 5, ShardOptimizer = true };
        RankResult through = RankRun.Train(1, options, s_dropping)[0];
        string folder = _temp.File("grid");
        InProcessCommunicator.Run(4, world =>
        {
            using GridRun run = new(world, tensor: 2, options, world.Rank == 0 ? new TrainingFolder(folder) : null);
            run.Stop(after: 5);
        });
        RankResult resumed = RankRun.Train(1, options, s_dropping, folder: _ => new TrainingFolder(folder), resume: true)[0];
        RankRun.ShouldBeClose(resumed.Weights, through.Weights);
    }

    [Fact]
    public void Resume_SavedAlone_GoesOnOnAGrid()
    {
        TrainingOptions options = RankRun.Options with { CheckpointEvery = 5 };
        RankResult through = RankRun.Train(1, options, s_dropping)[0];
        string folder = _temp.File("grid");
        StopAfter(5, 1, options, folder);
        InProcessCommunicator.Run(4, world =>
        {
            using GridRun run = new(world, tensor: 2, options with { ShardOptimizer = true }, world.Rank == 0 ? new TrainingFolder(folder) : null);
            run.Trainer.Resume().ShouldBeTrue();
            List<TrainingStep> steps = RankRun.Steps(run.Trainer);
            steps[0].Number.ShouldBe(6);
            for (int i = 0; i < steps.Count; i++) steps[i].Loss.ShouldBe(through.Steps[5 + i].Loss, 1e-5);
            Transformer? whole = TensorParallel.Gather(run.Trainer.Model, s_dropping, run.Grid.Tensor);
            if (whole is not null) RankRun.ShouldBeClose(TinyRun.Weights(whole.Parameters), through.Weights);
        });
    }

    [Fact]
    public void RunAsync_SeveralRanks_OnlyTheFirstWrites()
    {
        TrainingOptions options = RankRun.Options with { CheckpointEvery = 4 };
        RankResult[] ranks = RankRun.Train(3, options, folder: rank => new TrainingFolder(_temp.File($"rank{rank}")));
        Directory.Exists(_temp.File("rank1")).ShouldBeFalse();
        TrainingFolder folder = new(_temp.File("rank0"));
        MetricsLog.Read(folder.MetricsPath).Count.ShouldBe(10);
        File.Exists(folder.ReportPath).ShouldBeTrue();
        ranks.ShouldAllBe(rank => rank.Steps[3].Checkpoint!.EndsWith("step-00000004.safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public void Save_SharedModel_BringsItTogetherForTheExport()
    {
        string[] exported = new string[1];
        InProcessCommunicator.Run(4, world =>
        {
            ProcessGrid grid = new(world, 2);
            Transformer model = TensorParallel.Build(s_dropping, new RandomWeights(7, s_dropping.NumLayers), grid.Tensor);
            TrainingFolder folder = new(_temp.File("export"), (_, tensors) =>
            {
                Transformer whole = new(s_dropping, new ParameterWeights(tensors, model.Device));
                exported[0] = $"{whole.Parameters.Count} {whole.Parameters[0].Value.Shape}";
            });
            Trainer trainer = new(model, new TinyRun.Batches(8), RankRun.Options with { Steps = 1 }, grid: grid)
            {
                Folder = world.Rank == 0 ? folder : null,
                WholeModel = s_dropping,
            };
            RankRun.Steps(trainer).Single().Checkpoint.ShouldNotBeNull();
        });
        exported[0].ShouldBe($"{TinyRun.Model().Parameters.Count} [13, 16]");
    }

    [Fact]
    public void Resume_RefusedByTheFirst_IsRefusedByAll()
    {
        string folder = _temp.File("run");
        StopAfter(5, 2, RankRun.Options with { CheckpointEvery = 5 }, folder);
        string[] said = InProcessCommunicator.Run(2, world =>
        {
            Trainer trainer = new(TinyRun.Model(s_dropping), new TinyRun.Batches(8), RankRun.Options with { LearningRate = 5e-3 }, grid: new ProcessGrid(world))
            {
                Folder = world.Rank == 0 ? new TrainingFolder(folder) : null,
            };
            return Should.Throw<Exception>(() => trainer.Resume()).Message;
        });
        said.ShouldAllBe(message => message.Contains("LearningRate was 0.001, is 0.005", StringComparison.Ordinal));
        said[1].ShouldStartWith("rank 0 failed: ");
    }

    [Fact]
    public void Resume_EmptyFolder_IsFalseOnAll() => InProcessCommunicator.Run(2, world =>
        new Trainer(TinyRun.Model(), new TinyRun.Batches(8), RankRun.Options, grid: new ProcessGrid(world)) { Folder = world.Rank == 0 ? new TrainingFolder(_temp.File("none")) : null }.Resume().ShouldBeFalse());

    private static void StopAfter(int step, int ranks, TrainingOptions options, string folder) => InProcessCommunicator.Run(ranks, world =>
    {
        using GridRun run = new(world, tensor: 1, options, world.Rank == 0 ? new TrainingFolder(folder) : null);
        run.Stop(step);
    });

    /// <summary>A trainer on a grid.</summary>
    private sealed class GridRun : IDisposable
    {
        public GridRun(ICommunicator world, int tensor, TrainingOptions options, TrainingFolder? folder)
        {
            Grid = new ProcessGrid(world, tensor);
            Transformer model = TensorParallel.Build(s_dropping, new RandomWeights(7, s_dropping.NumLayers), Grid.Tensor);
            Trainer = new Trainer(model, new TinyRun.Batches(8), options, grid: Grid) { Folder = folder, WholeModel = s_dropping };
        }

        public ProcessGrid Grid { get; }

        public Trainer Trainer { get; }

        public void Stop(int after)
        {
            using CancellationTokenSource stop = new();
            Should.Throw<OperationCanceledException>(() => RankRun.Steps(Trainer, step =>
            {
                if (step.Number == after) stop.Cancel();
            }, stop.Token));
            Trainer.Step.ShouldBe(after);
        }

        public void Dispose()
        {
            Grid.Data.Dispose();
            Grid.Tensor.Dispose();
        }
    }
}
