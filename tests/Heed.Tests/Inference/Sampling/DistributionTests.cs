using Heed.Inference;
using Heed.Inference.Sampling;

namespace Heed.Tests.Inference.Sampling;

/// <summary>How often each token comes in 10⁵ draws, for every step and for several in a row.</summary>
public sealed class DistributionTests
{
    private const int VocabSize = 40;
    private const int Draws = 100_000;
    private static readonly int[] s_text = [3, 5, 3, 8, 3, 5, 13, 21, 34, 8];
    private static readonly float[] s_logits = Random(1);
    private static readonly GenerationOptions s_plain = new() { Temperature = 1, TopP = 1, Seed = 11 };

    public static TheoryData<string> Names => [.. Cases.Keys];

    private static Dictionary<string, GenerationOptions> Cases => new(StringComparer.Ordinal)
    {
        ["plain"] = s_plain,
        ["bias"] = s_plain with { LogitBias = new Dictionary<int, float> { [0] = 2.5f, [7] = -1, [30] = float.NegativeInfinity } },
        ["bans"] = s_plain with { BannedTokens = [1, 2, 3, 2, 39] },
        ["repetition"] = s_plain with { RepetitionPenalty = 1.7f },
        ["presence"] = s_plain with { PresencePenalty = 1.2f },
        ["frequency"] = s_plain with { FrequencyPenalty = 0.8f },
        ["frequency below 0"] = s_plain with { FrequencyPenalty = -0.5f, PenaltyWindow = 0 },
        ["window"] = s_plain with { PresencePenalty = 2, FrequencyPenalty = 0.5f, PenaltyWindow = 5 },
        ["cold"] = s_plain with { Temperature = 0.4f },
        ["hot"] = s_plain with { Temperature = 3 },
        ["top-k"] = s_plain with { TopK = 7 },
        ["top-p"] = s_plain with { TopP = 0.8f },
        ["top-p below"] = s_plain with { TopP = 0.6f, TopPBoundary = TopPBoundary.Below },
        ["min-p"] = s_plain with { MinP = 0.15f },
        ["typical"] = s_plain with { TypicalP = 0.5f },
        ["typical of a few"] = s_plain with { TopK = 12, TypicalP = 0.2f },
        ["top-k, top-p"] = s_plain with { TopK = 20, TopP = 0.9f, Temperature = 1.3f },
        ["top-p, min-p"] = s_plain with { TopP = 0.95f, MinP = 0.05f, Temperature = 0.9f },
        ["all"] = s_plain with
        {
            LogitBias = new Dictionary<int, float> { [4] = 1.5f },
            BannedTokens = [9],
            RepetitionPenalty = 1.2f,
            PresencePenalty = 0.3f,
            FrequencyPenalty = 0.2f,
            PenaltyWindow = 8,
            Temperature = 1.4f,
            TopK = 30,
            TopP = 0.97f,
            MinP = 0.02f,
            TypicalP = 0.9f,
        },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Sample_HundredThousandDraws_FollowTheOraclesProbabilities(string name)
    {
        GenerationOptions options = Cases[name];
        double[] expected = PlainSampler.Probabilities(options, s_logits, s_text);
        expected.Sum().ShouldBe(1, 1e-9);
        int[] counts = Count(options, s_logits, s_text);
        ChiSquared.Excess(counts, expected).ShouldBeLessThan(1);
        // The test tells it from a sampler that leaves everything as it is.
        if (name != "plain") ChiSquared.Excess(counts, PlainSampler.Probabilities(s_plain, s_logits)).ShouldBeGreaterThan(1);
    }

    [Fact]
    public void Sample_RandomPipelines_ChooseOnlyWhatTheOracleAllows()
    {
        Random random = new(99);
        for (int round = 0; round < 200; round++)
        {
            GenerationOptions options = new()
            {
                Seed = (ulong)round,
                Temperature = Pick(0, 0.5f, 1, 2),
                TopK = (int)Pick(0, 1, 5, 25, 100),
                TopP = Pick(0.05f, 0.5f, 0.9f, 1),
                MinP = Pick(0, 0.01f, 0.3f),
                TypicalP = Pick(0.1f, 0.7f, 1),
                RepetitionPenalty = Pick(1, 1.5f, 0.7f),
                PresencePenalty = Pick(0, 1, -1),
                FrequencyPenalty = Pick(0, 0.4f),
                PenaltyWindow = (int)Pick(0, 1, 4, 64),
                BannedTokens = [.. Enumerable.Range(0, random.Next(6)).Select(_ => random.Next(VocabSize))],
                LogitBias = new Dictionary<int, float> { [random.Next(VocabSize)] = random.NextSingle() * 6 - 3 },
            };
            float[] logits = Random(1000 + round);
            double[] expected = PlainSampler.Probabilities(options, logits, s_text);
            int[] counts = Count(options, logits, s_text, 400);
            for (int token = 0; token < VocabSize; token++)
            {
                if (expected[token] == 0) counts[token].ShouldBe(0, $"{options}, token {token}");
                else if (expected[token] > 0.05) counts[token].ShouldBeGreaterThan(0, $"{options}, token {token}");
            }
        }

        float Pick(params float[] values) => values[random.Next(values.Length)];
    }

    [Fact]
    public void Sample_StepsInAnotherOrder_FollowThatOrder()
    {
        // Two tokens of four have half of the probability at temperature 1, and far less of it at temperature 8.
        float[] logits = [3, 2.9f, 0, -0.1f];
        GenerationOptions options = new() { Seed = 4 };
        int[] cutFirst = Count(options with { Steps = [new TopPStep(0.6f), new TemperatureStep(8)] }, logits, []);
        int[] heatFirst = Count(options with { Steps = [new TemperatureStep(8), new TopPStep(0.6f)] }, logits, []);
        cutFirst[2].ShouldBe(0);
        heatFirst[2].ShouldBeGreaterThan(Draws / 10);
        double even = 1 / (1 + Math.Exp(-0.1 / 8));
        ChiSquared.Excess(cutFirst, [even, 1 - even, 0, 0]).ShouldBeLessThan(1);
    }

    [Fact]
    public void ChiSquared_OfOtherProbabilities_IsAboveItsBound()
    {
        ChiSquared.Excess([500, 300, 200], [0.5, 0.3, 0.2]).ShouldBe(0, 1e-9);
        ChiSquared.Excess([560, 260, 180], [0.5, 0.3, 0.2]).ShouldBeGreaterThan(0.5);
        ChiSquared.Excess([600, 220, 180], [0.5, 0.3, 0.2]).ShouldBeGreaterThan(1);
        ChiSquared.Excess([999, 1], [1, 0]).ShouldBe(double.PositiveInfinity);
    }

    private static int[] Count(GenerationOptions options, float[] logits, int[] text, int draws = Draws)
    {
        Sampler sampler = new(options, logits.Length);
        foreach (int token in text) sampler.Observe(token);
        int[] counts = new int[logits.Length];
        for (int i = 0; i < draws; i++) counts[sampler.Sample(logits)]++;
        return counts;
    }

    private static float[] Random(int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, VocabSize).Select(_ => random.NextSingle() * 5 - 2)];
    }
}
