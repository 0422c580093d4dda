using Heed.Inference;

namespace Heed.Tests.Inference;

/// <summary>The model as users meet it, on a small model of ours and, where it is there, on a real one.</summary>
public sealed class LanguageModelTests : IClassFixture<LanguageModelTests.Shipped>
{
    private const string Folder = "weights/stories260K/";
    private readonly LanguageModel _model;

    public LanguageModelTests(Shipped shipped) => _model = shipped.Model;

    [DataTheory(Folder + "stories260K.bin", Folder + "stories260K_v1.bin", Folder + "tinyllamas-stories-260k-f32.gguf", Folder + "stories260K_greedy.ids")]
    [InlineData("stories260K.bin")]
    [InlineData("stories260K_v1.bin")]
    [InlineData("tinyllamas-stories-260k-f32.gguf")]
    public async Task CompleteAsync_Stories260K_MatchesLlama2c(string file)
    {
        using LanguageModel model = LanguageModel.Load(TestData.Get(Folder + file));
        int[] expected = [.. File.ReadAllText(TestData.Get(Folder + "stories260K_greedy.ids"))
            .Split([' ', ',', '\n', '[', ']'], StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
        // llama2.c counts the begin token as the first of its tokens.
        int[] wanted = expected[0] == 1 ? expected[1..] : expected;
        List<int> ids = [];
        await foreach (CompletionPiece piece in model.CompleteAsync("", GenerationOptions.Greedy with { MaxTokens = wanted.Length, IgnoreEndTokens = true }))
            ids.AddRange(piece.TokenIds);
        ids.ShouldBe(wanted);
    }

    [Fact]
    public async Task CompleteAsync_LastPiece_BringsReasonAndUsage()
    {
        List<CompletionPiece> pieces = await Collect(_model.CompleteAsync("Once", GenerationOptions.Greedy with { MaxTokens = 12, IgnoreEndTokens = true }));
        pieces[^1].FinishReason.ShouldBe(FinishReason.MaxTokens);
        pieces[^1].Usage!.CompletionTokens.ShouldBe(12);
        pieces[^1].Usage!.PromptTokens.ShouldBe(_model.Tokenizer.Encode("Once").Length);
        pieces[..^1].ShouldAllBe(piece => piece.FinishReason == null && piece.Text.Length > 0);
        pieces.Sum(piece => piece.TokenIds.Count).ShouldBe(12);
    }

    [Fact]
    public async Task CompleteAsync_SameSeed_SameText_AlsoConcurrently()
    {
        GenerationOptions options = new() { Seed = 5, MaxTokens = 40, IgnoreEndTokens = true };
        string[] prompts = ["Once", "The cat", "x", "A long time ago there was", "Once"];
        string[] alone = new string[prompts.Length];
        for (int i = 0; i < prompts.Length; i++) alone[i] = Text(await Collect(_model.CompleteAsync(prompts[i], options)));
        string[] together = [.. (await Task.WhenAll(prompts.Select(prompt => Collect(_model.CompleteAsync(prompt, options))))).Select(Text)];
        together.ShouldBe(alone);
        alone[0].ShouldBe(alone[4]);
    }

    [Fact]
    public async Task CompleteAsync_StopString_EndsBeforeIt()
    {
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 60, IgnoreEndTokens = true };
        string whole = Text(await Collect(_model.CompleteAsync("Once upon a time", options)));
        string stop = whole.Substring(whole.Length / 2, 4);
        List<CompletionPiece> pieces = await Collect(_model.CompleteAsync("Once upon a time", options with { StopStrings = [stop] }));
        Text(pieces).ShouldBe(whole[..whole.IndexOf(stop, StringComparison.Ordinal)]);
        pieces[^1].FinishReason.ShouldBe(FinishReason.Stop);
    }

    [Fact]
    public async Task CompleteAsync_LogProbabilities_AreOfTheChosenTokens()
    {
        List<CompletionPiece> pieces = await Collect(_model.CompleteAsync("Once", GenerationOptions.Greedy with { MaxTokens = 8, LogProbabilities = true, IgnoreEndTokens = true }));
        foreach (CompletionPiece piece in pieces) piece.LogProbabilities.Count.ShouldBe(piece.TokenIds.Count);
        pieces.SelectMany(piece => piece.LogProbabilities).ShouldAllBe(value => value <= 0 && value > -20);
        (await Collect(_model.CompleteAsync("Once", GenerationOptions.Greedy with { MaxTokens = 2 }))).SelectMany(piece => piece.LogProbabilities).ShouldBeEmpty();
    }

    [Fact]
    public async Task CompleteAsync_Cancelled_Throws()
    {
        using CancellationTokenSource source = new();
        int pieces = 0;
        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (CompletionPiece piece in _model.CompleteAsync("Once", new GenerationOptions { Seed = 1, IgnoreEndTokens = true, Overflow = ContextOverflow.Slide }, source.Token))
                if (++pieces == 3) await source.CancelAsync();
        });
        pieces.ShouldBeGreaterThanOrEqualTo(3);
    }

    [Fact]
    public async Task CompleteAsync_ReaderThatLeaves_StopsTheWork()
    {
        await foreach (CompletionPiece piece in _model.CompleteAsync("Once", new GenerationOptions { Seed = 1, IgnoreEndTokens = true, Overflow = ContextOverflow.Slide }))
            if (piece.Text.Length > 0) break;
        // The model is free for others at once.
        (await Collect(_model.CompleteAsync("x", GenerationOptions.Greedy with { MaxTokens = 1 }))).Count.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task CompleteAsync_EmptyPrompt_BeginsATextOfItsOwn() =>
        (await Collect(_model.CompleteAsync("", GenerationOptions.Greedy with { MaxTokens = 4, IgnoreEndTokens = true })))[^1].Usage!.CompletionTokens.ShouldBe(4);

    [Fact]
    public async Task CompleteAsync_NoTokensAskedFor_GivesTheLastPieceOnly()
    {
        List<CompletionPiece> pieces = await Collect(_model.CompleteAsync("Once", GenerationOptions.Greedy with { MaxTokens = 0 }));
        pieces.Count.ShouldBe(1);
        pieces[0].FinishReason.ShouldBe(FinishReason.MaxTokens);
    }

    [Fact]
    public async Task CompleteAsync_PromptBeyondTheContext_IsAClearErrorOrSlides()
    {
        string prompt = string.Concat(Enumerable.Repeat("word ", 4 * _model.Config.MaxSeqLen));
        ContextOverflowException error = await Should.ThrowAsync<ContextOverflowException>(() => Collect(_model.CompleteAsync(prompt)));
        error.ContextTokens.ShouldBe(_model.Config.MaxSeqLen);
        error.PromptTokens.ShouldBeGreaterThan(_model.Config.MaxSeqLen);
        GenerationOptions sliding = GenerationOptions.Greedy with { MaxTokens = 5, Overflow = ContextOverflow.Slide, IgnoreEndTokens = true };
        (await Collect(_model.CompleteAsync(prompt, sliding)))[^1].Usage!.CompletionTokens.ShouldBe(5);
    }

    [Fact]
    public async Task CompleteAsync_ContextFull_StopsOrSlides()
    {
        int more = _model.Config.MaxSeqLen + 20;
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = more, IgnoreEndTokens = true };
        List<CompletionPiece> pieces = await Collect(_model.CompleteAsync("Once", options));
        pieces[^1].FinishReason.ShouldBe(FinishReason.ContextFull);
        List<CompletionPiece> sliding = await Collect(_model.CompleteAsync("Once", options with { Overflow = ContextOverflow.Slide }));
        sliding[^1].Usage!.CompletionTokens.ShouldBe(more);
        Text(sliding).ShouldStartWith(Text(pieces));
    }

    [Fact]
    public async Task Dispose_WhileGenerating_EndsItFirst()
    {
        LanguageModel model = LanguageModel.Load(Shipped.Path);
        Task<List<CompletionPiece>> endless = Collect(model.CompleteAsync("Once", new GenerationOptions { Seed = 2, IgnoreEndTokens = true, Overflow = ContextOverflow.Slide }));
        await Task.Delay(50);
        model.Dispose();
        await Should.ThrowAsync<OperationCanceledException>(() => endless);
        Should.Throw<ObjectDisposedException>(() => model.CompleteAsync("x"));
    }

    [Fact]
    public async Task Dispose_InsideTheLoop_DoesNotHang()
    {
        LanguageModel model = LanguageModel.Load(Shipped.Path);
        GenerationOptions endless = new() { Seed = 2, IgnoreEndTokens = true, Overflow = ContextOverflow.Slide };
        Task loop = Task.Run(async () =>
        {
            await foreach (CompletionPiece piece in model.CompleteAsync("Once", endless)) model.Dispose();
        });
        await Should.ThrowAsync<OperationCanceledException>(() => loop.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task CompleteAsync_EnumeratedTwice_GeneratesTwice()
    {
        IAsyncEnumerable<CompletionPiece> stream = _model.CompleteAsync("Once", GenerationOptions.Greedy with { MaxTokens = 9, IgnoreEndTokens = true });
        Task<List<CompletionPiece>> first = Collect(stream), second = Collect(stream);
        Text(await first).ShouldBe(Text(await second));
        Text(await Collect(stream)).ShouldBe(Text(await first));
    }

    [Fact]
    public async Task Conversation_TwoTurnsAtOnce_AreRefused_AndDisposeEndsATurn()
    {
        Conversation chat = _model.StartConversation();
        GenerationOptions endless = new() { Seed = 3, IgnoreEndTokens = true, Overflow = ContextOverflow.Slide };
        await using IAsyncEnumerator<CompletionPiece> turn = chat.SendAsync("Hello", endless).GetAsyncEnumerator();
        (await turn.MoveNextAsync()).ShouldBeTrue();
        await Should.ThrowAsync<InvalidOperationException>(() => Collect(chat.SendAsync("And me?")));
        Should.Throw<InvalidOperationException>(chat.Reset);
        await Task.Delay(300); // By now the writer waits for a reader that does not come.
        await Task.Run(chat.Dispose).WaitAsync(TimeSpan.FromSeconds(60));
        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            while (await turn.MoveNextAsync())
            {
            }
        });
        chat.Dispose();
    }

    [Fact]
    public async Task CompleteAsync_TinyContextThatSlides_GoesOn()
    {
        using LanguageModel model = LanguageModel.Load(Shipped.Path, new LoadOptions { MaxSeqLen = 1 });
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 5, IgnoreEndTokens = true, Overflow = ContextOverflow.Slide };
        (await Collect(model.CompleteAsync("", options)))[^1].Usage!.CompletionTokens.ShouldBe(5);
    }

    [Fact]
    public async Task Conversation_SecondTurn_ReadsOnlyWhatIsNew()
    {
        using Conversation chat = _model.StartConversation("Be brief.");
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 6 };
        List<CompletionPiece> first = await Collect(chat.SendAsync("Hello there", options));
        first[^1].Usage!.CachedTokens.ShouldBe(0);
        List<CompletionPiece> second = await Collect(chat.SendAsync("And now?", options));
        second[^1].Usage!.CachedTokens.ShouldBeGreaterThanOrEqualTo(first[^1].Usage!.PromptTokens - 1);
        chat.Messages.Count.ShouldBe(4);
        chat.Reset();
        chat.Messages.ShouldBeEmpty();
    }

    [Fact]
    public void Load_PathThatIsNone_NamesIt() =>
        Should.Throw<IOException>(() => LanguageModel.Load("/no/such/model.gguf")).Message.ShouldContain("/no/such/model.gguf");

    private static string Text(IEnumerable<CompletionPiece> pieces) => string.Concat(pieces.Select(piece => piece.Text));

    private static async Task<List<CompletionPiece>> Collect(IAsyncEnumerable<CompletionPiece> pieces)
    {
        List<CompletionPiece> all = [];
        await foreach (CompletionPiece piece in pieces) all.Add(piece);
        return all;
    }

    /// <summary>The model in models/, loaded once for all tests.</summary>
    public sealed class Shipped : IDisposable
    {
        public static string Path { get; } = Directory.GetDirectories(System.IO.Path.Combine(TestData.Repository, "models")).Single();

        public LanguageModel Model { get; } = LanguageModel.Load(Path);

        public void Dispose() => Model.Dispose();
    }
}
