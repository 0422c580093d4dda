using Heed.Inference;
using Heed.Inference.Sampling;

namespace Heed.Tests.Inference.Sampling;

/// <summary>What each step does where tokens tie and where bounds are met exactly.</summary>
public sealed class StepTests
{
    [Fact]
    public void LogitBias_MayBan_AndBringsNothingBack()
    {
        Left([0, 5, 0], new LogitBiasStep(new Dictionary<int, float> { [1] = float.NegativeInfinity })).ShouldBe([0, 2]);
        Left([0, float.NegativeInfinity, 0], new LogitBiasStep(new Dictionary<int, float> { [1] = 100 })).ShouldBe([0, 2]);
        Left([0, 0, 0], new LogitBiasStep(new Dictionary<int, float> { [2] = 1 }), new TopKStep(1)).ShouldBe([2]);
        Left([float.MaxValue, 0], new LogitBiasStep(new Dictionary<int, float> { [0] = float.MaxValue })).ShouldBe([0], "an infinite sum counts as the greatest number");
    }

    [Fact]
    public void BannedTokens_AreNoCandidates() => Left([9, 1, 9, 1], new BannedTokensStep([0, 2, 2])).ShouldBe([1, 3]);

    [Fact]
    public void Temperature_OfZero_LeavesTheLowestIdOfTheLikeliest()
    {
        Left([1, 3, 3, 2], new TemperatureStep(0)).ShouldBe([1]);
        Left([5, 3, 3, 2], new BannedTokensStep([0]), new TemperatureStep(0)).ShouldBe([1]);
        Left([5, 5, 3, 3], new TypicalStep(0.01f), new TemperatureStep(0)).Length.ShouldBe(1);
        Left([3, 5, 5, 2], new MinPStep(0.1f), new TemperatureStep(0)).ShouldBe([1], "also among what other steps have left");
    }

    [Fact]
    public void Temperature_Twice_Multiplies()
    {
        TokenCandidates candidates = Candidates([2, 0]);
        new TemperatureStep(4).Apply(candidates);
        new TemperatureStep(0.5f).Apply(candidates);
        candidates.Weight(1).ShouldBe((float)Math.Exp(-1), 1e-7f);
    }

    [Theory]
    [InlineData(1, new[] { 1 })]
    [InlineData(3, new[] { 1, 0, 2 })]
    [InlineData(4, new[] { 1, 0, 2, 4 })]
    [InlineData(99, new[] { 1, 0, 2, 4, 3 })]
    [InlineData(int.MaxValue, new[] { 1, 0, 2, 4, 3 })]
    public void TopK_TiesGoToLowerIds_AndAllStayWhereThereAreFewer(int count, int[] left) => Left([2, 3, 2, 1, 2], new TopKStep(count)).ShouldBe(left);

    [Theory]
    [InlineData(TopPBoundary.AtMost, 0.5f, new[] { 0, 1, 2 })]
    [InlineData(TopPBoundary.Below, 0.5f, new[] { 0, 1 })]
    [InlineData(TopPBoundary.AtMost, 0.49f, new[] { 0, 1 })]
    [InlineData(TopPBoundary.Below, 0.51f, new[] { 0, 1, 2 })]
    [InlineData(TopPBoundary.AtMost, 0.01f, new[] { 0 })]
    [InlineData(TopPBoundary.Below, 0.01f, new[] { 0 })]
    [InlineData(TopPBoundary.AtMost, 1f, new[] { 0, 1, 2, 3 })]
    [InlineData(TopPBoundary.Below, 1f, new[] { 0, 1, 2, 3 })]
    public void TopP_OfFourEqualTokens_GoesByItsBoundary(TopPBoundary boundary, float probability, int[] left) =>
        Left([7, 7, 7, 7], new TopPStep(probability, boundary)).ShouldBe(left);

    [Fact]
    public void Row32_TopPBoundary_Below_IsHuggingFacesAndAtMostLlamas()
    {
        float[] logits = [(float)Math.Log(0.5), (float)Math.Log(0.25), (float)Math.Log(0.25)];
        Left(logits, new TopPStep(0.5f)).ShouldBe([0, 1]);
        Left(logits, new TopPStep(0.5f, TopPBoundary.Below)).ShouldBe([0]);
    }

    [Fact]
    public void TopP_AfterCutsThatTookTheLikeliest_StillLeavesOne()
    {
        TokenCandidates candidates = Candidates([6, 0, 0]);
        candidates.Count.ShouldBe(3);
        candidates.Logits[0] = float.NegativeInfinity;
        new TopPStep(1e-6f).Apply(candidates);
        candidates.Token(0).ShouldBe(1);
        candidates.Count.ShouldBe(1);
        // Eight even tokens are nearer to the entropy than the likely one.
        Left([2, 0, 0, 0, 0, 0, 0, 0, 0], new TypicalStep(0.2f), new TopPStep(1e-6f)).ShouldBe([1]);
    }

    [Fact]
    public void MinP_AtItsBound_Keeps()
    {
        float half = (float)Math.Log(0.5);
        Left([0, half, half - 0.01f], new MinPStep(0.5f)).ShouldBe([0, 1]);
        Left([1, 1, 0], new MinPStep(1)).ShouldBe([0, 1]);
        Left([1, 1, 0], new MinPStep(0)).ShouldBe([0, 1, 2]);
    }

    /// <summary>The paper's point: with one likely token and many unlikely ones the likely one tells too little.</summary>
    [Fact]
    public void Typical_LikelyTokenFarFromTheEntropy_Goes()
    {
        float[] logits = [2, 0, 0, 0, 0, 0, 0, 0, 0];
        Left(logits, new TypicalStep(0.1f)).ShouldBe([1, 2]);
        Left(logits, new TypicalStep(0.999f)).Order().ShouldBe(Enumerable.Range(0, 9));
        Left(logits, new TypicalStep(1)).ShouldBe(Enumerable.Range(0, 9));
        Left([1, 1, 1, 1], new TypicalStep(0.5f)).ShouldBe([0, 1], "what reaches the bound is enough");
        Left([1, 1, 1, 1], new TypicalStep(0.51f)).ShouldBe([0, 1, 2]);
    }

    [Fact]
    public void Penalties_OfEqualTokens_CountTheWindowAlone()
    {
        Sampler Made(SamplingStep step)
        {
            Sampler sampler = new(GenerationOptions.Greedy with { Steps = [step, new TemperatureStep(0)] }, 3);
            foreach (int token in new[] { 0, 0, 0, 2 }) sampler.Observe(token);
            return sampler;
        }
        float[] logits = [3, 2.9f, 2];
        Made(new FrequencyPenaltyStep(0.04f)).Sample(logits).ShouldBe(1, "3 − 3 · 0.04 is below 2.9");
        Made(new FrequencyPenaltyStep(0.5f, window: 1)).Sample(logits).ShouldBe(0, "only 2 is in the window");
        Made(new PresencePenaltyStep(0.5f)).Sample(logits).ShouldBe(1);
        Made(new PresencePenaltyStep(0.04f)).Sample(logits).ShouldBe(0, "occurrences count once");
        Made(new PresencePenaltyStep(0.5f, window: 1)).Sample(logits).ShouldBe(0);
        Made(new RepetitionPenaltyStep(2, window: 2)).Sample(logits).ShouldBe(1);
        Made(new RepetitionPenaltyStep(1.02f)).Sample(logits).ShouldBe(0, "occurrences count once");
        Made(new RepetitionPenaltyStep(2, window: 1)).Sample(logits).ShouldBe(0);
    }

    [Fact]
    public void Steps_OfUnlikeWindows_EachSeeTheirOwn()
    {
        Recorder few = new(2), many = new(5), all = new(int.MaxValue);
        Sampler sampler = new(new GenerationOptions { Seed = 1, Steps = [few, many, all] }, 10);
        for (int token = 0; token < 9; token++) sampler.Observe(token);
        sampler.Sample(new float[10]);
        few.Seen.ShouldBe([7, 8]);
        many.Seen.ShouldBe([4, 5, 6, 7, 8]);
        all.Seen.ShouldBe(Enumerable.Range(0, 9));
    }

    [Fact]
    public void Sampler_StepOfOnesOwn_IsFollowed()
    {
        Sampler sampler = new(new GenerationOptions { Seed = 1, Steps = [new OnlyEven(), .. new GenerationOptions { TopK = 3 }.DefaultSteps()] }, 6);
        for (int i = 0; i < 100; i++) (sampler.Sample([0, 9, 1, 9, 2, 9]) % 2).ShouldBe(0);
    }

    [Fact]
    public void DefaultSteps_AreInTheStatedOrder_WithoutThoseThatDoNothing()
    {
        GenerationOptions all = new()
        {
            LogitBias = new Dictionary<int, float> { [0] = 1 },
            BannedTokens = [1],
            RepetitionPenalty = 2,
            PresencePenalty = 1,
            FrequencyPenalty = 1,
            TopK = 3,
            TopP = 0.5f,
            MinP = 0.1f,
            TypicalP = 0.5f,
        };
        Type[] scores = [typeof(LogitBiasStep), typeof(BannedTokensStep), typeof(RepetitionPenaltyStep), typeof(PresencePenaltyStep), typeof(FrequencyPenaltyStep), typeof(TemperatureStep)];
        all.DefaultSteps().Select(step => step.GetType()).ShouldBe([.. scores, typeof(TopKStep), typeof(TopPStep), typeof(MinPStep), typeof(TypicalStep)]);
        (all with { Temperature = 0 }).DefaultSteps().Select(step => step.GetType()).ShouldBe(scores);
        new GenerationOptions { Temperature = 1, TopP = 1 }.DefaultSteps().ShouldBeEmpty();
    }

    private static int[] Left(float[] logits, params SamplingStep[] steps)
    {
        TokenCandidates candidates = Candidates(logits);
        foreach (SamplingStep step in steps) step.Apply(candidates);
        return [.. Enumerable.Range(0, candidates.Count).Select(candidates.Token)];
    }

    private static TokenCandidates Candidates(float[] logits)
    {
        TokenCandidates candidates = new(logits.Length, new RecentTokens(0, logits.Length));
        candidates.Begin(logits);
        return candidates;
    }

    private sealed class OnlyEven : SamplingStep
    {
        public override void Apply(TokenCandidates candidates)
        {
            for (int token = 1; token < candidates.VocabSize; token += 2) candidates.Logits[token] = float.NegativeInfinity;
        }
    }

    private sealed class Recorder(int window) : SamplingStep
    {
        public int[] Seen { get; private set; } = [];

        public override int Window => window;

        public override void Apply(TokenCandidates candidates)
        {
            Seen = candidates.Latest(window).ToArray();
            candidates.Occurrences(window).Length.ShouldBe(Seen.Length);
        }
    }
}
