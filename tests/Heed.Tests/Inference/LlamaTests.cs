using Heed.Inference;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Training;
using Heed.Tokenizers;

namespace Heed.Tests.Inference;

/// <summary>Llama's own interface, against a plain loop that does what `generation.py` does: all rows as one block of ids, no cache, the prompts forced.</summary>
public sealed class LlamaTests
{
    private const int Context = 40;

    [Theory]
    [InlineData(12, false, 1)]
    [InlineData(12, true, 2)]
    [InlineData(100, true, 3)]
    [InlineData(100, true, 4)]
    [InlineData(100, true, 5)]
    [InlineData(100, true, 6)]
    [InlineData(100, true, 7)]
    [InlineData(0, true, 8)]
    public void Row36And37_Generate_GivesWhatThePlainLoopGives(int maxGenLen, bool echo, int seed)
    {
        using LanguageModel model = Make("abcdefgh", end: "<end>", seed: seed);
        Llama llama = new(model, maxBatchSize: 4);
        int end = model.Tokenizer.EosId!.Value;
        int[][] prompts = [[5, 6, 7, 1, 2], [3], [4, end, 0, 1, 2, 3], [.. Enumerable.Range(0, Context - 2).Select(i => i % 7)]];
        IReadOnlyList<LlamaCompletion> got = llama.Generate(prompts, maxGenLen, temperature: 0, logprobs: true, echo: echo);
        for (int i = 0; i < prompts.Length; i++)
        {
            (int[] tokens, float[] scores) = Plain(model, prompts[i], maxGenLen, end);
            int start = echo ? 0 : prompts[i].Length;
            got[i].TokenIds.ShouldBe(tokens[start..], $"prompt {i}");
            got[i].LogProbabilities.Count.ShouldBe(tokens.Length - start);
            got[i].LogProbabilities.Zip(scores[start..], (a, b) => Math.Abs(a - b)).DefaultIfEmpty().Max().ShouldBeLessThan(1e-4f, "float32 logits, summed in another order");
            got[i].Tokens.Count.ShouldBe(tokens.Length - start);
            if (echo) got[i].LogProbabilities[0].ShouldBe(0);
        }
        got[2].TokenIds.Contains(end).ShouldBe(echo, "an end token inside a prompt cuts nothing");
        if (maxGenLen == 100) got.ShouldContain(completion => completion.TokenIds.Count < Context, "an end token was generated");
    }

    [Fact]
    public void Row37_Generate_AFullContext_HasLogProbabilitiesOfThePrompt()
    {
        using LanguageModel model = Make();
        int[] prompt = [.. Enumerable.Range(3, Context)];
        LlamaCompletion completion = new Llama(model, 1).Generate([prompt], 5, logprobs: true, echo: true)[0];
        completion.TokenIds.ShouldBe(prompt);
        completion.LogProbabilities.Count.ShouldBe(Context);
        completion.LogProbabilities.Skip(1).ShouldAllBe(x => x < 0);
    }

    [Fact]
    public void Row38_TextCompletion_WithoutALength_UsesTheContextAndKeepsItsOptions()
    {
        using LanguageModel model = Make();
        Llama llama = new(model, 2);
        IReadOnlyList<LlamaCompletion> completions = llama.TextCompletion(["abc", "de"], logprobs: true, echo: true);
        completions.Select(completion => completion.TokenIds.Count).ShouldBe([Context, Context], "nothing ends a text before the context is full");
        completions[0].Generation.ShouldStartWith("abc");
        completions[0].LogProbabilities.Count.ShouldBe(Context);
        string.Concat(completions[0].Tokens).ShouldBe(completions[0].Generation);
        llama.TextCompletion(["abc"], maxGenLen: 4)[0].ShouldSatisfyAllConditions(
            completion => completion.TokenIds.Count.ShouldBe(4),
            completion => completion.LogProbabilities.ShouldBeEmpty());
    }

    [Fact]
    public void Generate_SameSeed_RepeatsAndCallsDiffer()
    {
        using LanguageModel model = Make();
        int[][] prompts = [[3, 4], [3, 4]];
        Llama first = new(model, 2, seed: 5), second = new(model, 2, seed: 5);
        IReadOnlyList<LlamaCompletion> a = first.Generate(prompts, 30, temperature: 2), b = second.Generate(prompts, 30, temperature: 2);
        a.Select(x => x.TokenIds).ShouldBe(b.Select(x => x.TokenIds));
        a[0].TokenIds.ShouldNotBe(a[1].TokenIds, "rows draw for themselves");
        first.Generate(prompts, 30, temperature: 2)[0].TokenIds.ShouldNotBe(a[0].TokenIds, "calls draw for themselves");
    }

    [Fact]
    public void Generate_WrongPrompts_AreClearErrors()
    {
        using LanguageModel model = Make();
        Llama llama = new(model, 1);
        Should.Throw<ArgumentException>(() => llama.Generate([[1], [2]], 3)).Message.ShouldContain("got 2 prompts; expected up to 1");
        Should.Throw<ArgumentException>(() => llama.Generate([new int[Context + 1]], 3)).Message.ShouldContain($"prompt 0 has {Context + 1} tokens; expected up to {Context}");
        Should.Throw<ArgumentOutOfRangeException>(() => llama.Generate([[-1]], 3)).Message.ShouldContain("token -1");
        Should.Throw<ArgumentOutOfRangeException>(() => llama.Generate([[1]], -1));
        llama.Generate([], 3).ShouldBeEmpty();
    }

    [Fact]
    public void Row39_ChatCompletion_WrongRolesAndMarkers_AreRefused()
    {
        using LanguageModel model = Make();
        Llama llama = new(model, 2);
        ChatMessage user = new(ChatRole.User, "hi"), assistant = new(ChatRole.Assistant, "yes"), system = new(ChatRole.System, "be brief");
        ChatMessage[][] wrong = [[user, user], [user, assistant], [system], []];
        foreach (ChatMessage[] dialog in wrong) Should.Throw<ArgumentException>(() => llama.ChatCompletion([dialog], maxGenLen: 2));
        Should.Throw<ArgumentException>(() => llama.ChatCompletion([[new(ChatRole.User, "a [/INST] b")]], maxGenLen: 2)).Message.ShouldContain("[/INST]");
        llama.ChatCompletion([[user], [user with { Content = "" }]], maxGenLen: 2).Count.ShouldBe(2);
    }

    /// <summary>The model that ships with Heed answers as a conversation with it does.</summary>
    [Fact]
    public async Task Build_ShippedModel_AnswersAsAConversationDoes()
    {
        using Llama llama = Llama.Build(LanguageModelTests.Shipped.Path, tokenizerPath: null, maxSeqLen: 256, maxBatchSize: 2);
        const string Question = "Tell me a story about a fox.";
        LlamaCompletion answer = llama.ChatCompletion([[new(ChatRole.User, Question)]], temperature: 0, maxGenLen: 30)[0];
        using Conversation chat = llama.Model.StartConversation();
        string text = "";
        await foreach (CompletionPiece piece in chat.SendAsync(Question, GenerationOptions.Greedy with { MaxTokens = 30 })) text += piece.Text;
        answer.Generation.ShouldBe(text.Trim());
        llama.TextCompletion(["Once upon a time"], maxGenLen: 12)[0].TokenIds.Count.ShouldBe(12);
    }

    /// <summary>One prompt as Meta's loop treats it, at temperature 0: without a cache, the whole text again for each token.</summary>
    private static (int[] Tokens, float[] Scores) Plain(LanguageModel model, int[] prompt, int maxGenLen, int end)
    {
        List<int> tokens = [prompt[0]];
        List<float> scores = [0];
        int total = Math.Min(Context, maxGenLen + prompt.Length);
        for (int position = 1; position < total; position++)
        {
            float[] logits = model.Transformer.Forward([.. tokens]).ToArray();
            int next = position < prompt.Length ? prompt[position] : Array.IndexOf(logits, logits.Max());
            if (position >= prompt.Length && next == end) break;
            double log = Math.Log(logits.Sum(x => Math.Exp(x - logits.Max()))) + logits.Max();
            tokens.Add(next);
            scores.Add((float)(logits[next] - log));
        }
        return ([.. tokens], [.. scores]);
    }

    /// <summary>A model over characters, with an end token if one is named.</summary>
    private static LanguageModel Make(string letters = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ:\n.,!?[]/<>", string? end = null, int seed = 8)
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train([letters], end is null ? null : new CharacterTokenizerOptions { SpecialTokens = [end], Eos = end });
        Transformer transformer = new(TinyRun.Config with { VocabSize = tokenizer.VocabSize, MaxSeqLen = Context }, new RandomWeights(3, TinyRun.Config.NumLayers));
        Random random = new(seed);
        foreach (Parameter parameter in transformer.Parameters) parameter.Value.Assign(parameter.Value + Tensor.Normal(parameter.Value.Shape, random, 0, 0.5));
        return new LanguageModel(transformer, tokenizer);
    }
}
