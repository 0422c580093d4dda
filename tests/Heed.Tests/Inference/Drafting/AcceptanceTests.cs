using Heed.Inference;
using Heed.Inference.Drafting;
using Heed.Inference.Grammars;
using Heed.Models;
using Heed.Nn;
using Heed.Tests.Inference.Sampling;
using Heed.Tests.Models;
using Heed.Tests.Training;
using Heed.Tokenizers;

namespace Heed.Tests.Inference.Drafting;

/// <summary>Tokens that were drafted and accepted, or not, come by the model's own probabilities: of one step, and of three in a row.</summary>
public sealed class AcceptanceTests
{
    private const int Draws = 100_000, VocabSize = 12;
    private static readonly int[] s_text = [3, 5, 3, 8, 3, 5];
    private static readonly GenerationOptions s_plain = new() { Temperature = 1, TopP = 1, Seed = 11 };

    public static TheoryData<string> Names => [.. Cases.Keys];

    private static Dictionary<string, GenerationOptions> Cases => new(StringComparer.Ordinal)
    {
        ["plain"] = s_plain,
        ["cold"] = s_plain with { Temperature = 0.5f },
        ["top-k"] = s_plain with { TopK = 4 },
        ["top-p"] = s_plain with { TopP = 0.7f, Temperature = 1.5f },
        ["penalties"] = s_plain with { FrequencyPenalty = 0.8f, RepetitionPenalty = 1.3f, BannedTokens = [1] },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Sample_OfDraftedTokens_FollowsTheModelsProbabilities(string name)
    {
        GenerationOptions options = Cases[name];
        float[] logits = Random(1), draft = Random(2);
        double[] p = PlainSampler.Probabilities(options, logits, s_text), q = PlainSampler.Probabilities(options, draft, s_text), drawn = new double[VocabSize];
        Sampler sampler = new(options, VocabSize);
        foreach (int token in s_text) sampler.Observe(token);
        int[] counts = new int[VocabSize], proposed = new int[VocabSize];
        int accepted = 0;
        for (int i = 0; i < Draws; i++)
        {
            int token = sampler.Propose(draft, drawn);
            int chosen = sampler.Sample(logits, new DraftedToken(token, drawn));
            proposed[token]++;
            counts[chosen]++;
            if (chosen == token) accepted++;
        }
        ChiSquared.Excess(proposed, q).ShouldBeLessThan(1, "the draft's own");
        ChiSquared.Excess(counts, p).ShouldBeLessThan(1);
        ChiSquared.Excess(counts, q).ShouldBeGreaterThan(1, "the two differ");
        double expected = Enumerable.Range(0, VocabSize).Sum(token => Math.Min(p[token], q[token]));
        ((double)accepted / Draws).ShouldBe(expected, 4 * Math.Sqrt(0.25 / Draws), "as many as can be (Leviathan et al. 2022, corollary 3.6)");
    }

    [Fact]
    public void Sample_OfADraftLikeTheModel_TakesEveryToken()
    {
        Sampler sampler = new(s_plain, VocabSize);
        double[] drawn = new double[VocabSize];
        for (int i = 0; i < 1000; i++)
        {
            int token = sampler.Propose(Random(1), drawn);
            sampler.Sample(Random(1), new DraftedToken(token, drawn)).ShouldBe(token);
        }
    }

    /// <summary>Three tokens in a row against all that there are, through caches, grammar and penalties, with drafts of two and more.</summary>
    [Theory]
    [InlineData("draft", "penalties"), InlineData("draft", "grammar"), InlineData("early exit", "plain"), InlineData("early exit", "as long as pays")]
    public void CompleteAsync_ThreeTokens_ComeByTheModelsJointProbabilities(string kind, string name)
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train("abcde");
        ModelConfig config = TinyRun.Config with { VocabSize = tokenizer.VocabSize, NumLayers = name == "as long as pays" ? 4 : 2 };
        using LanguageModel model = new(MixerModels.Make(config), tokenizer), small = new(MixerModels.Make(config with { NumLayers = 1, HeadDim = 4 }), tokenizer);
        bool always = name != "as long as pays";
        Speculation speculation = kind == "draft" ? new DraftModel(small) { MaxDraftTokens = 2, AlwaysDrafts = always } : new EarlyExit(1) { MaxDraftTokens = 3, AlwaysDrafts = always };
        GenerationOptions options = s_plain with { MaxTokens = 3, IgnoreEndTokens = true, Speculation = speculation, BannedTokens = Unspeakable(tokenizer) };
        if (name == "penalties") options = options with { FrequencyPenalty = 1, PresencePenalty = 0.5f, TopK = 4 };
        Func<int[], bool> allowed = _ => true;
        if (name == "grammar")
        {
            options = options with { Grammar = Grammar.FromRegex("a[bc][ad]|[bde]c[abcde]|ea[cd]") };
            System.Text.RegularExpressions.Regex regex = new("^(a[bc][ad]|[bde]c[abcde]|ea[cd])", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));
            string[] whole = [.. from a in "abcde" from b in "abcde" from c in "abcde" select $"{a}{b}{c}" into text where regex.IsMatch(text) select text];
            allowed = tokens => whole.Any(text => text.StartsWith(tokenizer.Decode(tokens), StringComparison.Ordinal));
        }
        int[] prompt = tokenizer.Encode("dab");
        Dictionary<string, double> exact = Joint(model, tokenizer, prompt, options, allowed);
        exact.Values.Sum().ShouldBe(1, 1e-6);
        string[] texts = [.. exact.Keys];
        int[] counts = new int[texts.Length];
        Dictionary<string, int> places = texts.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        long drafted = 0, accepted = 0;
        using TextGenerator generator = model.CreateGenerator();
        for (int i = 0; i < Draws; i++)
        {
            string text = "";
            generator.Run(prompt, options with { Seed = (ulong)i }, (piece, _) =>
            {
                text += piece.Text;
                (drafted, accepted) = (drafted + (piece.Usage?.DraftedTokens ?? 0), accepted + (piece.Usage?.AcceptedTokens ?? 0));
            }, CancellationToken.None);
            counts[places[text]]++;
        }
        ChiSquared.Excess(counts, [.. texts.Select(text => exact[text])]).ShouldBeLessThan(1);
        accepted.ShouldBeGreaterThan(always ? drafted / 20 : 0);
        accepted.ShouldBeLessThan(drafted);
    }

    private static Dictionary<string, double> Joint(LanguageModel model, Tokenizer tokenizer, int[] prompt, GenerationOptions options, Func<int[], bool> allowed)
    {
        Dictionary<string, double> joint = new(StringComparer.Ordinal);
        Visit([], 1);
        return joint;

        void Visit(int[] text, double probability)
        {
            if (text.Length == 3)
            {
                joint[tokenizer.Decode(text)] = probability;
                return;
            }
            float[] logits = model.Transformer.Forward([.. prompt, .. text]).ToArray();
            for (int token = 0; token < logits.Length; token++)
                if (options.BannedTokens.Contains(token) || !allowed([.. text, token])) logits[token] = float.NegativeInfinity;
            double[] next = PlainSampler.Probabilities(options, logits, [.. prompt, .. text]);
            for (int token = 0; token < next.Length; token++)
                if (next[token] > 0) Visit([.. text, token], probability * next[token]);
        }
    }

    private static int[] Unspeakable(Tokenizer tokenizer) => [.. Enumerable.Range(0, tokenizer.VocabSize).Where(token => tokenizer.Decode([token]) is not ("a" or "b" or "c" or "d" or "e"))];

    private static float[] Random(int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, VocabSize).Select(_ => random.NextSingle() * 4)];
    }
}
