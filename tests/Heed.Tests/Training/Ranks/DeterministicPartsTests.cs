using Heed.Distributed;
using Heed.Models;
using Heed.Training;

namespace Heed.Tests.Training.Ranks;

public sealed class DeterministicPartsTests
{
    private static readonly TrainingOptions s_options = RankRun.Options with { DeterministicParts = 4, LearningRate = 1e-2 };

    [Theory]
    [InlineData("plain"), InlineData("dropout"), InlineData("accumulation"), InlineData("recompute"), InlineData("tied"), InlineData("few rows"), InlineData("bfloat16"), InlineData("sharded"), InlineData("sharded bfloat16")]
    public void RunAsync_OneTwoAndFourRanks_GiveTheSameBits(string name)
    {
        ModelConfig config = TinyRun.Config with { Dropout = name is "dropout" or "recompute" ? 0.2f : 0, TieEmbeddings = name == "tied" };
        TrainingOptions options = s_options with
        {
            GradientAccumulation = name == "accumulation" ? 3 : 1,
            Recompute = name == "recompute",
            Bf16Weights = name.EndsWith("bfloat16", StringComparison.Ordinal),
            ShardOptimizer = name.StartsWith("sharded", StringComparison.Ordinal),
        };
        int rows = name == "few rows" ? 3 : 8;
        RankResult alone = RankRun.Train(1, options, config, () => new TinyRun.Batches(rows))[0];
        foreach (int ranks in (int[])[2, 4])
            foreach (RankResult rank in RankRun.Train(ranks, options, config, () => new TinyRun.Batches(rows)))
            {
                RankRun.ShouldBeTheSame(rank.Weights, alone.Weights);
                rank.Steps.Select(step => step.Loss).ShouldBe(alone.Steps.Select(step => step.Loss));
                rank.Steps.Select(step => step.GradientNorm).ShouldBe(alone.Steps.Select(step => step.GradientNorm));
            }
    }

    [Fact]
    public void RunAsync_WithAndWithoutParts_DifferByRoundingAlone()
    {
        RankResult parts = RankRun.Train(2, RankRun.Options with { DeterministicParts = 8 })[0], plain = RankRun.Train(1, RankRun.Options)[0];
        RankRun.ShouldBeClose(parts.Weights, plain.Weights);
        parts.Weights.ShouldNotBe(plain.Weights, "the sums have another order");
    }

    [Fact]
    public void Settings_Parts_BelongToTheRun()
    {
        s_options.Settings()["DeterministicParts"].ShouldBe("4");
        RankRun.Options.Settings().Keys.ShouldNotContain("DeterministicParts", "checkpoints from before go on");
    }

    [Fact]
    public void Constructor_RanksThatDoNotDivideTheParts_SaysBoth()
    {
        Should.Throw<ArgumentException>(() => (s_options with { DeterministicParts = 6 }).Validate()).Message.ShouldContain("DeterministicParts is 6; expected 0 (off) or a power of two");
        InProcessCommunicator.Run(3, world => Should.Throw<ArgumentException>(() => new Trainer(TinyRun.Model(), new TinyRun.Batches(4), s_options, grid: new ProcessGrid(world)))
            .Message.ShouldContain("DeterministicParts is 4; expected a multiple of the 3 ranks"));
    }
}
