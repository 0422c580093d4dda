using Heed.Inference;
using Heed.Models;
using Heed.Tests.Models;
using Heed.Tokenizers;

namespace Heed.Tests.Inference;

/// <summary>Text from models whose cache cannot be cut back, or that have none.</summary>
public sealed class MixerGenerationTests
{
    private static readonly GenerationOptions s_options = GenerationOptions.Greedy with { MaxTokens = 6, IgnoreEndTokens = true };

    /// <summary>Each turn is answered as a model that reads everything anew would answer it, whether or not its beginning is still there.</summary>
    [Theory, InlineData("mamba"), InlineData("simple"), InlineData("factors"), InlineData("hard")]
    public async Task Conversation_TwoTurns_AnswersAsIfAllWereReadAnew(string name)
    {
        using LanguageModel model = Make(name, context: 200);
        using Conversation chat = model.StartConversation("be brief");
        foreach (string message in new[] { "hello there", "and now" })
        {
            List<ChatMessage> messages = [new(ChatRole.System, "be brief"), .. chat.Messages, new(ChatRole.User, message)];
            int[] prompt = model.ChatFormat.Render(messages, model.Tokenizer);
            int[] answer = Tokens(await Collect(chat.SendAsync(message, s_options)));
            answer.Length.ShouldBe(6);
            answer.ShouldBe(Greedy(model, prompt, 6));
            answer.ShouldBe(Tokens(await Collect(model.CompleteAsync(prompt, s_options))));
        }
    }

    [Theory, InlineData("mamba"), InlineData("hard")]
    public async Task Conversation_AbandonedTurn_GoesOnAfterIt(string name)
    {
        using LanguageModel model = Make(name, context: 200);
        using Conversation chat = model.StartConversation();
        await foreach (CompletionPiece piece in chat.SendAsync("hello", s_options with { MaxTokens = 100 })) break;
        int[] prompt = model.ChatFormat.Render([.. chat.Messages, new(ChatRole.User, "again")], model.Tokenizer);
        Tokens(await Collect(chat.SendAsync("again", s_options))).ShouldBe(Greedy(model, prompt, 6));
    }

    [Theory, InlineData("mamba"), InlineData("local"), InlineData("chunks")]
    public async Task CompleteAsync_ContextFull_StopsOrSlides(string name)
    {
        using LanguageModel model = Make(name, context: 16);
        List<CompletionPiece> stopped = await Collect(model.CompleteAsync("hello", s_options with { MaxTokens = 40 }));
        stopped[^1].FinishReason.ShouldBe(FinishReason.ContextFull);
        List<CompletionPiece> sliding = await Collect(model.CompleteAsync("hello", s_options with { MaxTokens = 40, Overflow = ContextOverflow.Slide }));
        int[] first = Tokens(stopped), all = Tokens(sliding);
        all.Length.ShouldBe(40);
        all[..first.Length].ShouldBe(first);
        // The context was full after 16 tokens, the last of those generated being read next: its younger half stays.
        int[] seen = [.. model.Tokenizer.Encode("hello"), .. all], rest = seen[8..(seen.Length - all.Length + first.Length)];
        all[first.Length].ShouldBe(Greedy(model, rest, 1)[0]);
    }

    [Fact]
    public void KeepShared_OfStates_KeepsAllOrNothing()
    {
        Transformer model = MixerModels.Make("mamba");
        using TokenHistory history = new(model.CreateCache(), 24);
        model.Forward([1, 2, 3], history.Cache);
        history.Add([1, 2, 3]);
        history.KeepShared([1, 2, 3, 4]).ShouldBe(3);
        history.KeepShared([1, 2, 3]).ShouldBe(0);
        (history.Length, history.Cache!.Length()).ShouldBe((0, 0));
        model.Forward([1, 2, 3], history.Cache);
        history.Add([1, 2, 3]);
        using CancellationTokenSource source = new();
        source.Cancel();
        Should.Throw<OperationCanceledException>(() => model.Forward([4], history.Cache, cancellation: source.Token));
        history.KeepShared([1, 2, 3, 4]).ShouldBe(0);
    }

    private static LanguageModel Make(string name, int context)
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train(["abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ:\n.,!?"]);
        ModelConfig config = MixerModels.ConfigOf(name) with { MaxSeqLen = context, VocabSize = tokenizer.VocabSize };
        return new LanguageModel(MixerModels.Make(config), tokenizer);
    }

    /// <summary>The likeliest token, each time after reading all from nothing.</summary>
    private static int[] Greedy(LanguageModel model, int[] prompt, int count)
    {
        List<int> all = [.. prompt];
        for (int i = 0; i < count; i++)
        {
            float[] logits = model.Transformer.Forward([.. all]).ToArray();
            all.Add(Array.IndexOf(logits, logits.Max()));
        }
        return [.. all[prompt.Length..]];
    }

    private static int[] Tokens(IEnumerable<CompletionPiece> pieces) => [.. pieces.SelectMany(piece => piece.TokenIds)];

    private static async Task<List<CompletionPiece>> Collect(IAsyncEnumerable<CompletionPiece> pieces)
    {
        List<CompletionPiece> all = [];
        await foreach (CompletionPiece piece in pieces) all.Add(piece);
        return all;
    }
}
