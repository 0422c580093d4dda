using Heed.Distributed;
using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Sharding;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Tests.Training.Ranks;

public sealed class DataParallelTests
{
    private static readonly ModelConfig s_dropping = TinyRun.Config with { Dropout = 0.2f };

    /// <summary>Name, model, options, rows of a batch.</summary>
    public static TheoryData<string, int> Cases()
    {
        TheoryData<string, int> cases = [];
        foreach (string name in (string[])["plain", "no overlap", "sharded", "sharded, no overlap", "dropout", "accumulation", "recompute", "tied", "few rows", "all together"])
            foreach (int ranks in (int[])[2, 4]) cases.Add(name, ranks);
        cases.Add("plain", 3);
        cases.Add("sharded", 3);
        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void RunAsync_SeveralRanks_MakeTheStepsOfOne(string name, int ranks)
    {
        (ModelConfig config, TrainingOptions options, int rows) = CaseOf(name);
        RankResult alone = RankRun.Train(1, options, config, () => new TinyRun.Batches(rows))[0];
        RankResult[] together = RankRun.Train(ranks, options, config, () => new TinyRun.Batches(rows));
        foreach (RankResult rank in together)
        {
            RankRun.ShouldBeTheSame(rank.Weights, together[0].Weights);
            for (int i = 0; i < alone.Steps.Count; i++)
            {
                rank.Steps[i].Loss.ShouldBe(alone.Steps[i].Loss, 1e-5);
                rank.Steps[i].GradientNorm.ShouldBe(alone.Steps[i].GradientNorm, 1e-5);
                rank.Steps[i].Tokens.ShouldBe(alone.Steps[i].Tokens);
            }
        }
        RankRun.ShouldBeClose(together[0].Weights, alone.Weights);
    }

    [Fact]
    public void RunAsync_WorldOfOne_GivesTheBitsOfNoWorld()
    {
        Transformer model = TinyRun.Model(s_dropping);
        RankRun.Steps(new Trainer(model, new TinyRun.Batches(8), RankRun.Options));
        RankRun.ShouldBeTheSame(RankRun.Train(1, RankRun.Options, s_dropping)[0].Weights, TinyRun.Weights(model.Parameters));
    }

    [Fact]
    public void RunAsync_ShardedMoments_TakeTheirShareOfMemory()
    {
        long whole = RankRun.Train(1, RankRun.Options with { Steps = 1, ShardOptimizer = true })[0].MomentBytes;
        RankResult[] shared = RankRun.Train(4, RankRun.Options with { Steps = 1, ShardOptimizer = true });
        whole.ShouldBe(TinyRun.Model().Parameters.Sum(parameter => 8L * parameter.Value.ElementCount));
        // A bucket's last part may be padded.
        shared.ShouldAllBe(rank => rank.MomentBytes >= whole / 4 && rank.MomentBytes < whole / 4 + 200);
    }

    [Fact]
    public void RunAsync_Validation_IsSharedOutToTheSameBits()
    {
        TrainingOptions options = RankRun.Options with { Steps = 1, ValidateEvery = 1, ValidationBatches = 5, LearningRate = 1e-9 };
        TinyRun.Batches held = new(3, seed: 5);
        double expected = Evaluation.Measure(TinyRun.Model(), held, 5).Loss;
        foreach (int ranks in (int[])[2, 4])
            RankRun.Train(ranks, options, validation: held).ShouldAllBe(rank => Math.Abs(rank.Steps[0].ValidationLoss!.Value - expected) < 1e-6);
        double[] shared = InProcessCommunicator.Run(4, world => Evaluation.Measure(TinyRun.Model(), held, 5, world).Loss);
        shared.ShouldAllBe(loss => loss == expected);
    }

    [Fact]
    public void RunAsync_Pairs_MakeTheStepsOfOne()
    {
        ModelConfig config = s_dropping with { Encoder = s_dropping with { Bidirectional = true } };
        RankResult alone = RankRun.Train(1, RankRun.Options, config, () => new Sources(6))[0];
        foreach (int ranks in (int[])[2, 4])
        {
            RankResult[] together = RankRun.Train(ranks, RankRun.Options, config, () => new Sources(6));
            RankRun.ShouldBeClose(together[^1].Weights, alone.Weights);
            together[0].Steps[^1].Loss.ShouldBe(alone.Steps[^1].Loss, 1e-5);
        }
    }

    [Fact]
    public void RunAsync_AdaptersWithDropout_MakeTheStepsOfOne()
    {
        float[] alone = Adapted(1)[0];
        foreach (float[] weights in Adapted(2)) RankRun.ShouldBeClose(weights, alone);

        static float[][] Adapted(int ranks) => InProcessCommunicator.Run(ranks, world =>
        {
            LoraWeights weights = new(new RandomWeights(7, TinyRun.Config.NumLayers), TinyRun.Config, new LoraConfig { Rank = 2, Dropout = 0.3f });
            Transformer model = new(TinyRun.Config, weights);
            RankRun.Steps(new Trainer(model, new TinyRun.Batches(4), RankRun.Options, grid: new ProcessGrid(world)));
            return TinyRun.Weights(model.Parameters);
        });
    }

    [Theory, InlineData(2, 1, false), InlineData(2, 2, false), InlineData(2, 2, true)]
    public void RunAsync_SharedModelWithDropout_MakesTheStepsOfOne(int tensor, int data, bool sharded)
    {
        // Two query heads over one of keys and values, which both tensor ranks hold.
        ModelConfig config = s_dropping with { QkNorm = true };
        TrainingOptions options = RankRun.Options with { ShardOptimizer = sharded };
        Transformer alone = TinyRun.Model(config);
        List<TrainingStep> expected = RankRun.Steps(new Trainer(alone, new TinyRun.Batches(8), options));
        InProcessCommunicator.Run(tensor * data, world =>
        {
            ProcessGrid grid = new(world, tensor);
            Transformer shared = TensorParallel.Build(config, new RandomWeights(7, config.NumLayers), grid.Tensor);
            List<TrainingStep> steps = RankRun.Steps(new Trainer(shared, new TinyRun.Batches(8), options, grid: grid) { WholeModel = config });
            for (int i = 0; i < steps.Count; i++)
            {
                steps[i].Loss.ShouldBe(expected[i].Loss, 1e-5);
                steps[i].GradientNorm.ShouldBe(expected[i].GradientNorm, 1e-5);
            }
            Transformer? whole = TensorParallel.Gather(shared, config, grid.Tensor);
            if (whole is not null) RankRun.ShouldBeClose(TinyRun.Weights(whole.Parameters), TinyRun.Weights(alone.Parameters));
        });
    }

    [Fact]
    public void Constructor_BatchNorm_IsRefused() => InProcessCommunicator.Run(2, world =>
        Should.Throw<NotSupportedException>(() => new Trainer(TinyRun.Model(TinyRun.Config with { Norm = NormKind.Batch }), new TinyRun.Batches(2), TinyRun.Options, grid: new ProcessGrid(world)))
            .Message.ShouldContain("BatchNorm, which learns from whole batches"));

    [Fact]
    public void RunAsync_RanksWithOtherSettings_SayWhich()
    {
        CommunicationException error = Should.Throw<CommunicationException>(() => InProcessCommunicator.Run(2, world =>
            RankRun.Steps(new Trainer(TinyRun.Model(), new TinyRun.Batches(4), TinyRun.Options with { LearningRate = world.Rank == 0 ? 1e-3 : 2e-3 }, grid: new ProcessGrid(world)))));
        error.Message.ShouldBe("The ranks differ: LearningRate is '0.001' on rank 0 and '0.002' on rank 1.");
    }

    [Fact]
    public void RunAsync_RanksWithOtherWeights_AreFound() => Should.Throw<CommunicationException>(() => InProcessCommunicator.Run(2, world =>
        RankRun.Steps(new Trainer(TinyRun.Model(seed: world.Rank), new TinyRun.Batches(4), TinyRun.Options, grid: new ProcessGrid(world)))));

    [Fact]
    public void RunAsync_OtherWeightsInOneShard_AreFound() => Should.Throw<CommunicationException>(() => InProcessCommunicator.Run(4, world =>
    {
        ProcessGrid grid = new(world, 2);
        Transformer shared = TensorParallel.Build(TinyRun.Config, new RandomWeights(7, TinyRun.Config.NumLayers), grid.Tensor);
        if (world.Rank == 3) shared.Parameters.First(parameter => parameter.Shard is not null).Value.AsSpan()[0] += 1;
        RankRun.Steps(new Trainer(shared, new TinyRun.Batches(4), TinyRun.Options, grid: grid) { WholeModel = TinyRun.Config });
    })).Message.ShouldContain("' on ranks 2, 3");

    [Fact]
    public void Traffic_SharedMoments_CountsTheParametersToo() => InProcessCommunicator.Run(4, world =>
    {
        ProcessGrid grid = new(world);
        long Sent(bool shared)
        {
            Trainer trainer = new(TinyRun.Model(), new TinyRun.Batches(8), RankRun.Options with { Steps = 3, ShardOptimizer = shared }, grid: grid);
            RankRun.Steps(trainer);
            return trainer.Traffic.Bytes;
        }
        // The norm is a sum over the ranks: two numbers, sent to three.
        Sent(shared: true).ShouldBe(Sent(shared: false) + 3 * 3 * 16);
    });

    [Fact]
    public void RunAsync_SharedModelInOneBucket_SumsPartialGradientsTogether() => InProcessCommunicator.Run(4, world =>
    {
        ModelConfig config = TinyRun.Config with { QkNorm = true };
        ProcessGrid grid = new(world, 2);
        long Calls(bool overlap)
        {
            Transformer shared = TensorParallel.Build(config, new RandomWeights(7, config.NumLayers), grid.Tensor);
            long before = grid.Tensor.Traffic.Operations;
            RankRun.Steps(new Trainer(shared, new TinyRun.Batches(8), RankRun.Options with { Steps = 3, BucketBytes = 1 << 20, OverlapGradients = overlap }, grid: grid) { WholeModel = config });
            return grid.Tensor.Traffic.Operations - before;
        }
        Calls(overlap: true).ShouldBe(Calls(overlap: false));
    });

    private static (ModelConfig, TrainingOptions, int Rows) CaseOf(string name)
    {
        TrainingOptions options = RankRun.Options;
        return name switch
        {
            "no overlap" => (TinyRun.Config, options with { OverlapGradients = false }, 8),
            "sharded" => (TinyRun.Config, options with { ShardOptimizer = true }, 8),
            "sharded, no overlap" => (TinyRun.Config, options with { ShardOptimizer = true, OverlapGradients = false }, 8),
            "dropout" => (s_dropping, options, 8),
            "accumulation" => (TinyRun.Config, options with { GradientAccumulation = 3 }, 5),
            "recompute" => (s_dropping, options with { Recompute = true }, 8),
            "tied" => (TinyRun.Config with { TieEmbeddings = true, Positions = PositionKind.Relative }, options, 8),
            "few rows" => (TinyRun.Config, options, 3),
            "all together" => (s_dropping with { TieEmbeddings = true }, options with { ShardOptimizer = true, Recompute = true, GradientAccumulation = 2 }, 5),
            _ => (TinyRun.Config, options, 8),
        };
    }

    /// <summary>Rows with sources of many lengths.</summary>
    private sealed class Sources(int rows) : IBatchSource
    {
        private readonly TinyRun.Batches _targets = new(rows);

        public int BatchSize => rows;

        public int SeqLen => 8;

        public int SourceLen => 9;

        public int VocabSize => TinyRun.Config.VocabSize;

        public long RowsPerEpoch => 1000;

        public TrainingBatch Next(long step)
        {
            TrainingBatch targets = _targets.Next(step);
            TrainingBatch batch = new(rows, 8) { Sources = new SourceRows([.. Enumerable.Range(0, rows).Select(row => Enumerable.Range(0, 1 + (row + (int)step) % 9).Select(i => (i * 5 + row) % 13).ToArray())]) };
            targets.Tokens.CopyTo(batch.Tokens, 0);
            targets.Targets.CopyTo(batch.Targets, 0);
            targets.Positions.CopyTo(batch.Positions, 0);
            targets.FirstKeys.CopyTo(batch.FirstKeys, 0);
            return batch;
        }
    }
}
