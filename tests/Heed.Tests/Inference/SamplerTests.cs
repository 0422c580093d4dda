using Heed.Inference;
using Heed.Inference.Sampling;

namespace Heed.Tests.Inference;

public sealed class SamplerTests
{
    private static readonly GenerationOptions Plain = new() { Temperature = 1, TopP = 1, Seed = 1 };

    [Fact]
    public void Sample_TemperatureZero_TakesTheFirstOfTheLikeliest() =>
        new Sampler(GenerationOptions.Greedy, 4).Sample([1, 5, 5, float.NegativeInfinity]).ShouldBe(1);

    [Theory]
    [InlineData(0.8f, new[] { 0.9, 0.1 }, new[] { 0 })]
    [InlineData(0.5f, new[] { 0.5, 0.25, 0.25 }, new[] { 0, 1 })]
    [InlineData(0.76f, new[] { 0.5, 0.25, 0.25 }, new[] { 0, 1, 2 })]
    [InlineData(1f, new[] { 0.5, 0.25, 0.25 }, new[] { 0, 1, 2 })]
    public void Row32_TopP_KeepsTheTokenThatCrossesP(float p, double[] probabilities, int[] kept) =>
        Drawn(Plain with { TopP = p }, Logits(probabilities)).ShouldBe(kept);

    [Fact]
    public void Row33_HundredThousandDraws_StayInsideTheNucleus()
    {
        Random random = new(33);
        float[] logits = [.. Enumerable.Range(0, 50).Select(_ => random.NextSingle() * 6)];
        double[] weights = [.. logits.Select(logit => Math.Exp(logit))];
        double total = weights.Sum(), before = 0;
        HashSet<int> nucleus = [];
        foreach (int id in Enumerable.Range(0, 50).OrderByDescending(id => weights[id]))
        {
            if (before > 0.7 * total) break;
            nucleus.Add(id);
            before += weights[id];
        }
        Sampler sampler = new(Plain with { TopP = 0.7f }, 50);
        HashSet<int> seen = [];
        for (int i = 0; i < 100_000; i++) seen.Add(sampler.Sample(logits));
        seen.IsSubsetOf(nucleus).ShouldBeTrue();
        seen.Count.ShouldBeGreaterThan(nucleus.Count / 2);
    }

    [Fact]
    public void Row32_TinyTopP_StillKeepsTheLikeliest() =>
        new Sampler(Plain with { TopP = 1e-4f }, 2).Sample([1, 1]).ShouldBe(0);

    [Fact]
    public void Row34_TopK_BeyondTheVocabularyKeepsAll_AndTiesGoToLowerIds()
    {
        Drawn(Plain with { TopK = 99 }, [1, 1, 1]).ShouldBe([0, 1, 2]);
        Drawn(Plain with { TopK = 2 }, [1, 1, 1, 0]).ShouldBe([0, 1]);
    }

    [Fact]
    public void Row35_Entropy_RisesWithTemperature()
    {
        float[] logits = [2, 1, 0, -1];
        double last = -1;
        foreach (float temperature in new[] { 0.25f, 0.5f, 1f, 2f, 4f })
        {
            double entropy = Entropy(Frequencies(Plain with { Temperature = temperature }, logits, 20_000));
            entropy.ShouldBeGreaterThan(last, $"temperature {temperature}");
            last = entropy;
        }
    }

    [Fact]
    public void Sample_ManyDraws_FollowTheProbabilities()
    {
        double[] frequencies = Frequencies(Plain, Logits([0.6, 0.3, 0.1]), 50_000);
        frequencies[0].ShouldBe(0.6, 0.01);
        frequencies[1].ShouldBe(0.3, 0.01);
        frequencies[2].ShouldBe(0.1, 0.01);
    }

    [Fact]
    public void MinP_CutsWhatIsFarBelowTheLikeliest() =>
        Drawn(Plain with { MinP = 0.5f }, Logits([0.5, 0.3, 0.2])).ShouldBe([0, 1]);

    [Fact]
    public void Sample_SameSeed_SameTokens()
    {
        float[] logits = Logits([0.3, 0.3, 0.2, 0.2]);
        int[] Run(ulong seed)
        {
            Sampler sampler = new(Plain with { Seed = seed }, 4);
            return [.. Enumerable.Range(0, 64).Select(_ => sampler.Sample(logits))];
        }
        Run(7).ShouldBe(Run(7));
        Run(7).ShouldNotBe(Run(8));
    }

    [Fact]
    public void Penalties_LowerWhatOccurred()
    {
        Sampler repetition = new(GenerationOptions.Greedy with { RepetitionPenalty = 2 }, 3);
        repetition.Observe(0);
        repetition.Sample([3, 2, 1]).ShouldBe(1, "3 / 2 is below 2");
        repetition.Sample([-1, -1.5f, -3]).ShouldBe(1, "a negative logit is multiplied");
        Sampler frequency = new(GenerationOptions.Greedy with { FrequencyPenalty = 0.6f }, 2);
        frequency.Observe(0);
        frequency.Sample([2, 1]).ShouldBe(0);
        frequency.Observe(0);
        frequency.Sample([2, 1]).ShouldBe(1, "each occurrence counts");
        Sampler presence = new(GenerationOptions.Greedy with { PresencePenalty = 0.6f }, 2);
        presence.Observe(0);
        presence.Observe(0);
        presence.Sample([2, 1]).ShouldBe(0, "occurrences count once");
    }

    [Fact]
    public void Penalties_ForgetWhatLeftTheWindow()
    {
        Sampler sampler = new(GenerationOptions.Greedy with { RepetitionPenalty = 10, PenaltyWindow = 2 }, 3);
        sampler.Observe(0);
        sampler.Sample([3, 2, 1]).ShouldBe(1);
        sampler.Observe(2);
        sampler.Observe(2);
        sampler.Sample([3, 2, 1]).ShouldBe(0);
    }

    [Theory]
    [InlineData("top-k"), InlineData("default"), InlineData("greedy"), InlineData("all")]
    public void Sample_SteadyState_AllocatesNothing(string name)
    {
        GenerationOptions options = name switch
        {
            "top-k" => new GenerationOptions { Seed = 3, TopK = 40, RepetitionPenalty = 1.1f },
            "default" => new GenerationOptions { Seed = 3 },
            "greedy" => GenerationOptions.Greedy with { FrequencyPenalty = 0.1f },
            _ => new GenerationOptions
            {
                Seed = 3,
                BannedTokens = [1, 2],
                LogitBias = new Dictionary<int, float> { [3] = 1 },
                PresencePenalty = 0.1f,
                PenaltyWindow = 300,
                TopK = 400,
                TopP = 0.99f,
                MinP = 0.001f,
                TypicalP = 0.9f,
            },
        };
        Sampler sampler = new(options, 500);
        float[] logits = [.. Enumerable.Range(0, 500).Select(i => (float)Math.Sin(i))];
        void Step() => sampler.Observe(sampler.Sample(logits));
        for (int i = 0; i < 700; i++) Step();
        SteadyState.ManagedBytes(() => { for (int i = 0; i < 500; i++) Step(); }).ShouldBe(0);
    }

    [Fact]
    public void Sample_NoPossibleToken_IsAClearError() =>
        Should.Throw<ArithmeticException>(() => new Sampler(Plain, 2).Sample([float.NegativeInfinity, float.NegativeInfinity])).Message.ShouldContain("no logit is a number above −∞");

    [Theory]
    [InlineData(0), InlineData(0.8f)]
    public void Sample_LogitThatIsNoNumber_IsNamed(float temperature)
    {
        Sampler sampler = new(new GenerationOptions { Temperature = temperature, Seed = 1 }, 4);
        Should.Throw<ArithmeticException>(() => sampler.Sample([1, 2, float.NaN, float.PositiveInfinity])).Message.ShouldContain("the logit of token 2 is NaN");
        Should.Throw<ArithmeticException>(() => sampler.Sample([1, float.PositiveInfinity, 0, 0])).Message.ShouldContain("the logit of token 1 is +∞");
        sampler.Sample([float.NegativeInfinity, 2, float.NegativeInfinity, float.NegativeInfinity]).ShouldBe(1, "−∞ is impossible, and no mistake");
    }

    [Fact]
    public void Sample_NothingLeft_SaysWhatTookIt()
    {
        GenerationOptions options = Plain with { BannedTokens = [0], LogitBias = new Dictionary<int, float> { [1] = float.NegativeInfinity } };
        foreach (GenerationOptions each in new[] { options, options with { Temperature = 0 }, options with { TopK = 1, TopP = 0.5f, MinP = 0.5f, TypicalP = 0.5f } })
            Should.Throw<ArithmeticException>(() => new Sampler(each, 2).Sample([1, 1])).Message.ShouldContain("no token is left to choose from: bans");
        Should.Throw<ArgumentException>(() => new Sampler(Plain with { BannedTokens = [1, 0, 1] }, 2)).Message.ShouldContain("all 2 tokens of the vocabulary are banned");
    }

    [Fact]
    public void Sampler_TokensBeyondTheVocabulary_AreNamed()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new Sampler(Plain with { BannedTokens = [5] }, 5)).Message.ShouldContain("token 5 is not in the vocabulary of 5");
        Should.Throw<ArgumentOutOfRangeException>(() => new Sampler(Plain with { LogitBias = new Dictionary<int, float> { [7] = 1 } }, 5)).Message.ShouldContain("token 7 is not in the vocabulary of 5");
    }

    [Fact]
    public void LogProbability_IsTheLogarithmOfTheSoftmax()
    {
        float[] logits = Logits([0.7, 0.2, 0.1]);
        Sampler.LogProbability(logits, 1).ShouldBe((float)Math.Log(0.2), 1e-5f);
    }

    [Theory]
    [InlineData("Temperature", -1f)]
    [InlineData("TopP", 0f)]
    [InlineData("TopP", 1.5f)]
    [InlineData("MinP", 2f)]
    [InlineData("RepetitionPenalty", 0f)]
    [InlineData("TypicalP", 0f)]
    [InlineData("TypicalP", 1.01f)]
    [InlineData("TopLogProbabilities", -1f)]
    [InlineData("TopLogProbabilities", 1001f)]
    [InlineData("BannedTokens", -1f)]
    [InlineData("LogitBias", float.NaN)]
    [InlineData("LogitBias", float.PositiveInfinity)]
    [InlineData("TopPBoundary", 2f)]
    [InlineData("Overflow", 2f)]
    [InlineData("Temperature", float.NaN)]
    public void Validate_OutOfRange_NamesTheOption(string name, float value)
    {
        GenerationOptions options = new();
        options = name switch
        {
            "Temperature" => options with { Temperature = value },
            "TopP" => options with { TopP = value },
            "MinP" => options with { MinP = value },
            "TypicalP" => options with { TypicalP = value },
            "TopLogProbabilities" => options with { TopLogProbabilities = (int)value },
            "BannedTokens" => options with { BannedTokens = [(int)value] },
            "LogitBias" => options with { LogitBias = new Dictionary<int, float> { [1] = value } },
            "Overflow" => options with { Overflow = (ContextOverflow)value },
            "TopPBoundary" => options with { TopPBoundary = (TopPBoundary)value },
            _ => options with { RepetitionPenalty = value },
        };
        Should.Throw<ArgumentOutOfRangeException>(options.Validate).Message.ShouldContain(name);
    }

    private static float[] Logits(double[] probabilities) => [.. probabilities.Select(p => (float)Math.Log(p))];

    private static int[] Drawn(GenerationOptions options, float[] logits)
    {
        Sampler sampler = new(options, logits.Length);
        return [.. Enumerable.Range(0, 2000).Select(_ => sampler.Sample(logits)).Distinct().Order()];
    }

    private static double[] Frequencies(GenerationOptions options, float[] logits, int draws)
    {
        Sampler sampler = new(options, logits.Length);
        double[] counts = new double[logits.Length];
        for (int i = 0; i < draws; i++) counts[sampler.Sample(logits)] += 1.0 / draws;
        return counts;
    }

    private static double Entropy(double[] probabilities) => -probabilities.Where(p => p > 0).Sum(p => p * Math.Log(p));
}
