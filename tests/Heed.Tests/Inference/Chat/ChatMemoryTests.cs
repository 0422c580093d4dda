using Heed.Inference;
using Heed.Inference.Chat;
using Heed.Models;
using Heed.Nn;
using Heed.Tokenizers;

namespace Heed.Tests.Inference.Chat;

public sealed class ChatMemoryTests
{
    private static readonly CharacterTokenizer s_letters = CharacterTokenizer.Train("abcdefghijklmnopqrstuvwxyzU A:\n!", new CharacterTokenizerOptions());

    private static readonly ModelConfig s_config = new() { HiddenSize = 16, NumHeads = 4, NumKvHeads = 2, NumLayers = 2, IntermediateSize = 24, VocabSize = s_letters.VocabSize + 8, MaxSeqLen = 400 };

    [Fact]
    public async Task ChatAsync_ChatThatGoesOn_ReadsWhatIsNewAndSaysTheSame()
    {
        using LanguageModel model = Make(s_config);
        using ChatMemory memory = new(model, most: 1);
        List<ChatMessage> messages = [];
        int read = 0;
        for (int turn = 0; turn < 4; turn++)
        {
            messages.Add(new(ChatRole.User, "and what then"));
            (string text, Usage usage) = await Answer(model, messages, memory);
            (string same, Usage whole) = await Answer(model, messages, memory: null);
            text.ShouldBe(same);
            whole.CachedTokens.ShouldBe(0);
            // All but the last token of the answer before was read then.
            usage.CachedTokens.ShouldBeGreaterThanOrEqualTo(read);
            read = usage.PromptTokens;
            messages.Add(new(ChatRole.Assistant, text));
        }
    }

    [Fact]
    public async Task ChatAsync_OtherChats_AreForgottenLongestAgoFirst()
    {
        using LanguageModel model = Make(s_config);
        using ChatMemory memory = new(model, most: 2);
        // None begins like another one, but for the format's own words.
        foreach (string text in (string[])["aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbb", "cccccccccccccccccccccccccccc"]) await Answer(model, [new(ChatRole.User, text)], memory);
        (await Answer(model, [new(ChatRole.User, "cccccccccccccccccccccccccccc")], memory)).Usage.CachedTokens.ShouldBeGreaterThan(25);
        (await Answer(model, [new(ChatRole.User, "bbbbbbbbbbbbbbbbbbbbbbbbbbbb")], memory)).Usage.CachedTokens.ShouldBeGreaterThan(25);
        (await Answer(model, [new(ChatRole.User, "aaaaaaaaaaaaaaaaaaaaaaaaaaaa")], memory)).Usage.CachedTokens.ShouldBeLessThan(25);
    }

    [Fact]
    public async Task ChatAsync_Concurrently_GivesWhatItGivesAlone()
    {
        using LanguageModel model = Make(s_config);
        using ChatMemory memory = new(model, most: 2);
        string[] questions = ["a", "ab", "abc", "abcd", "abcde", "a", "ab", "abc"];
        string[] alone = new string[questions.Length];
        for (int i = 0; i < questions.Length; i++) alone[i] = (await Answer(model, [new(ChatRole.User, questions[i])], memory: null)).Text;
        for (int round = 0; round < 3; round++)
            (await Task.WhenAll(questions.Select(question => Answer(model, [new(ChatRole.User, question)], memory)))).Select(answer => answer.Text).ShouldBe(alone);
    }

    [Fact]
    public async Task ChatAsync_AnglesThatDependOnTheLength_AreNotKept()
    {
        using LanguageModel model = Make(s_config with { RopeScaling = new RopeScaling(RopeScalingKind.Ntk, 4, 16) });
        using ChatMemory memory = new(model, most: 1);
        for (int i = 0; i < 2; i++) (await Answer(model, [new(ChatRole.User, "and what then")], memory)).Usage.CachedTokens.ShouldBe(0);
    }

    [Fact]
    public async Task ChatAsync_AfterAnAnswerThatWasLeft_GoesOn()
    {
        using LanguageModel model = Make(s_config);
        using ChatMemory memory = new(model, most: 1);
        List<ChatMessage> messages = [new(ChatRole.User, "and what then")];
        await foreach (CompletionPiece _ in model.ChatAsync(messages, Settings(memory))) break;
        (await Answer(model, messages, memory)).Text.ShouldBe((await Answer(model, messages, memory: null)).Text);
        memory.Dispose();
        (await Answer(model, messages, memory)).Usage.CachedTokens.ShouldBe(0);
    }

    [Fact]
    public async Task Constructor_AndChatAsync_RefuseWhatCannotBe()
    {
        using LanguageModel model = Make(s_config), other = Make(s_config);
        using ChatMemory memory = new(model, most: 1);
        Should.Throw<ArgumentOutOfRangeException>(() => new ChatMemory(model, -1));
        await Should.ThrowAsync<ArgumentException>(() => Answer(other, [new(ChatRole.User, "a")], memory));
    }

    private static ChatSettings Settings(ChatMemory? memory) => new() { Memory = memory, Generation = new GenerationOptions { MaxTokens = 9, Seed = 5 } };

    private static async Task<(string Text, Usage Usage)> Answer(LanguageModel model, List<ChatMessage> messages, ChatMemory? memory)
    {
        string text = "";
        Usage? usage = null;
        await foreach (CompletionPiece piece in model.ChatAsync(messages, Settings(memory)))
        {
            text += piece.Text;
            usage ??= piece.Usage;
        }
        return (text, usage!);
    }

    private static LanguageModel Make(ModelConfig config) => new(new Transformer(config with { VocabSize = s_letters.VocabSize }, new RandomWeights(seed: 4, config.NumLayers)), s_letters);
}
