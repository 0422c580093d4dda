using Heed.Inference;
using Heed.Models;
using Heed.Nn;
using Heed.Tests.Models;
using Heed.Tests.Training;
using Heed.Tokenizers;

namespace Heed.Tests.Inference;

/// <summary>Text from models whose layers keep the latest tokens alone: what is gone is read again.</summary>
public sealed class RollingGenerationTests
{
    private const int Window = 12, Slots = 320, Room = Slots - Window + 1;
    private static readonly ModelConfig s_config = TinyRun.Config with { Window = Window, WindowEvery = 2, MaxSeqLen = 1200 };
    private static readonly string s_long = string.Concat(Enumerable.Range(0, 200).Select(i => (char)('a' + i * i % 26)));

    /// <summary>Each turn is answered as a model that keeps all would answer it, whether it goes on, turns back a little, or begins anew.</summary>
    [Fact]
    public async Task Conversation_TurnsBeyondTheWindow_AnswersAsIfAllWereKept()
    {
        using LanguageModel model = Make();
        using Conversation chat = model.StartConversation("be brief");
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 60, IgnoreEndTokens = true };
        List<int> reused = [];
        foreach (string message in new[] { s_long, s_long[5..], "again", "", s_long })
        {
            if (message.Length == 0)
            {
                chat.Reset();
                continue;
            }
            List<ChatMessage> messages = [new(ChatRole.System, "be brief"), .. chat.Messages, new(ChatRole.User, message)];
            int[] prompt = model.ChatFormat.Render(messages, model.Tokenizer);
            List<CompletionPiece> pieces = await Collect(chat.SendAsync(message, options));
            int[] answer = [.. pieces.SelectMany(piece => piece.TokenIds)];
            answer.ShouldBe(Greedy(model, prompt, answer.Length), $"\"{message}\" after {prompt.Length} tokens");
            reused.Add(pieces[^1].Usage!.CachedTokens);
        }
        reused[0].ShouldBe(0);
        reused[1].ShouldBeGreaterThan(200);
        reused[2].ShouldBeGreaterThan(400, "the row is longer than its slots, and goes on");
        reused[3].ShouldBe(0, "the window before the first answer is gone");
    }

    [Fact]
    public void KeepShared_BeyondWhatIsHeld_KeepsNothing()
    {
        int[] tokens = [.. Enumerable.Range(0, 700).Select(i => i * 3 % 13)];
        Transformer model = MixerModels.Make(s_config);
        using TokenHistory history = new(model.CreateCache(), 1200);
        foreach (int shared in new[] { 699, 700 - Room, 700 - Room - 1, 650 })
        {
            int kept = history.KeepShared(tokens);
            model.Forward(tokens.AsSpan(kept), history.Cache);
            history.Add(tokens.AsSpan(kept));
            int[] other = [.. tokens[..shared], 12 - tokens[shared], 1];
            int expected = shared < 700 - Room ? 0 : shared;
            history.KeepShared(other).ShouldBe(expected, $"{shared} shared");
            (history.Length, history.Cache!.Length()).ShouldBe((expected, expected));
        }
    }

    private static LanguageModel Make()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.Train(["abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ:\n.,!?"]);
        return new LanguageModel(MixerModels.Make(s_config with { VocabSize = tokenizer.VocabSize }), tokenizer);
    }

    private static int[] Greedy(LanguageModel model, int[] prompt, int count)
    {
        using KvCache cache = model.Transformer.CreateCache(rolling: false);
        List<int> all = [];
        int[] next = prompt;
        for (int i = 0; i < count; i++)
        {
            float[] logits = model.Transformer.Forward(next, cache).ToArray();
            next = [Array.IndexOf(logits, logits.Max())];
            all.AddRange(next);
        }
        return [.. all];
    }

    private static async Task<List<CompletionPiece>> Collect(IAsyncEnumerable<CompletionPiece> pieces)
    {
        List<CompletionPiece> all = [];
        await foreach (CompletionPiece piece in pieces) all.Add(piece);
        return all;
    }
}
