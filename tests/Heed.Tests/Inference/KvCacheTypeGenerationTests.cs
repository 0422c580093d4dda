using Heed.Inference;
using Heed.Models;
using Heed.Nn;
using Heed.Tokenizers;
using Xunit.Abstractions;

namespace Heed.Tests.Inference;

/// <summary>What rounded keys and values do to the texts of the model that comes with the repository.</summary>
public sealed class KvCacheTypeGenerationTests(ITestOutputHelper log)
{
    private static readonly string[] s_prompts = ["Once upon a time", "The little dog", "Mia had a red ball.", "One day it rained, and", "\"Where is my hat?\" asked", "There was a"];

    [Fact]
    public async Task CompleteAsync_ShippedModel_LosesLessThanAThousandthOfANat()
    {
        using LanguageModel exact = Load(KvCacheType.F32);
        int[][] texts = new int[s_prompts.Length][];
        for (int i = 0; i < texts.Length; i++)
        {
            List<int> ids = [.. exact.Tokenizer.Encode(s_prompts[i])];
            await foreach (CompletionPiece piece in exact.CompleteAsync(s_prompts[i], new GenerationOptions { Temperature = 1, TopP = 1, Seed = (ulong)i, MaxTokens = 300, IgnoreEndTokens = true })) ids.AddRange(piece.TokenIds);
            texts[i] = [.. ids];
        }
        double nats = texts.Average(text => Nats(exact.Transformer, text, KvCacheType.F32));
        foreach ((KvCacheType type, double bound) in new[] { (KvCacheType.F16, 1e-4), (KvCacheType.Q8_0, 1e-3) })
        {
            double rounded = texts.Average(text => Nats(exact.Transformer, text, type));
            log.WriteLine($"{type}: {rounded:F6} nats a token, perplexity {Math.Exp(rounded):F4}; float32 {nats:F6}, {Math.Exp(nats):F4}");
            Math.Abs(rounded - nats).ShouldBeLessThan(bound, type.ToString());
        }
    }

    /// <summary>A greedy text is the same up to a token that all but ties with another.</summary>
    [Theory]
    [InlineData(KvCacheType.F16, 0.02f)]
    [InlineData(KvCacheType.Q8_0, 0.2f)]
    public async Task CompleteAsync_Greedy_LeavesFloat32sTextAtNearTiesAlone(KvCacheType type, float tie)
    {
        using LanguageModel exact = Load(KvCacheType.F32), rounded = Load(type);
        rounded.CacheType.ShouldBe(type);
        int same = 0;
        foreach (string prompt in s_prompts)
        {
            int[] expected = await Greedy(exact, prompt), got = await Greedy(rounded, prompt);
            int first = expected.Zip(got).TakeWhile(pair => pair.First == pair.Second).Count();
            if (first == expected.Length)
            {
                same++;
                continue;
            }
            int[] before = [.. exact.Tokenizer.Encode(prompt), .. expected[..first]];
            float[] logits = exact.Transformer.Forward(before).ToArray();
            float gap = logits[expected[first]] - logits[got[first]];
            log.WriteLine($"{type}, \"{prompt}\": token {first} of {expected.Length}, gap {gap:F4}");
            gap.ShouldBeInRange(0, tie, prompt);
        }
        log.WriteLine($"{type}: {same} of {s_prompts.Length} texts are the same");
    }

    [Fact]
    public async Task Conversation_InARoundedCache_AnswersAsACacheThatReadsAllAnew()
    {
        using LanguageModel model = Load(KvCacheType.Q8_0);
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 25 };
        using Conversation kept = model.StartConversation();
        foreach (string message in new[] { "Hello!", "Tell me a story.", "And then?" })
        {
            List<ChatMessage> messages = [.. kept.Messages, new(ChatRole.User, message)];
            int[] prompt = model.ChatFormat.Render([.. messages], model.Tokenizer);
            List<int> expected = [];
            await foreach (CompletionPiece piece in model.CompleteAsync(prompt, options)) expected.AddRange(piece.TokenIds);
            List<int> got = [];
            await foreach (CompletionPiece piece in kept.SendAsync(message, options)) got.AddRange(piece.TokenIds);
            got.ShouldBe(expected, message);
        }
    }

    [Fact]
    public void Load_TypeThatIsNone_IsAClearError() =>
        Should.Throw<ArgumentOutOfRangeException>(() => Load((KvCacheType)9)).Message.ShouldContain("CacheType is 9; expected F32, F16, Q8_0");

    private static LanguageModel Load(KvCacheType type) => LanguageModel.Load(LanguageModelTests.Shipped.Path, new LoadOptions { CacheType = type });

    private static async Task<int[]> Greedy(LanguageModel model, string prompt)
    {
        List<int> ids = [];
        await foreach (CompletionPiece piece in model.CompleteAsync(prompt, GenerationOptions.Greedy with { MaxTokens = 200, IgnoreEndTokens = true })) ids.AddRange(piece.TokenIds);
        return [.. ids];
    }

    /// <summary>The mean of −ln p of all tokens but the first, read through a cache.</summary>
    private static double Nats(Transformer model, int[] tokens, KvCacheType type)
    {
        using KvCache cache = model.CreateCache(type: type);
        float[] logits = model.Forward(tokens.AsSpan(0, tokens.Length - 1), cache, rows: LogitRows.All).ToArray();
        int vocabulary = model.Config.VocabSize;
        double sum = 0;
        for (int i = 1; i < tokens.Length; i++)
        {
            ReadOnlySpan<float> row = logits.AsSpan((i - 1) * vocabulary, vocabulary);
            double max = System.Numerics.Tensors.TensorPrimitives.Max(row), total = 0;
            foreach (float logit in row) total += Math.Exp(logit - max);
            sum += max + Math.Log(total) - row[tokens[i]];
        }
        return sum / (tokens.Length - 1);
    }
}
