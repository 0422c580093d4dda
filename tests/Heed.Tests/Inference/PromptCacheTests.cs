using Heed.Inference;

namespace Heed.Tests.Inference;

/// <summary>What was read of one text serves the next one, also from a file.</summary>
public sealed class PromptCacheTests : IClassFixture<LanguageModelTests.Shipped>, IDisposable
{
    private const string Prompt = "Once upon a time there was a little girl who had a red ball and a blue hat.";
    private static readonly GenerationOptions s_options = GenerationOptions.Greedy with { MaxTokens = 12, IgnoreEndTokens = true };
    private readonly LanguageModel _model;
    private readonly string _folder = Directory.CreateTempSubdirectory("heed-prompt-").FullName;

    public PromptCacheTests(LanguageModelTests.Shipped shipped) => _model = shipped.Model;

    private string CacheFile => Path.Combine(_folder, "prompt.cache");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task CompleteAsync_PromptsThatBeginAlike_ReadOnlyWhatIsNew()
    {
        using PromptCache cache = _model.CreatePromptCache();
        int shared = _model.Tokenizer.Encode(Prompt).Length;
        foreach ((string prompt, int least) in new[] { (Prompt, 0), (Prompt + " One day", shared - 1), (Prompt, shared - 1), ("The cat", 0) })
        {
            List<CompletionPiece> got = await Collect(_model.CompleteAsync(prompt, cache, s_options)), expected = await Collect(_model.CompleteAsync(prompt, s_options));
            Text(got).ShouldBe(Text(expected));
            got[^1].Usage!.CachedTokens.ShouldBeInRange(least, least + 3);
            got[^1].Usage!.PromptTokens.ShouldBe(expected[^1].Usage!.PromptTokens);
        }
    }

    [Fact]
    public async Task LoadPromptCache_WhatWasSaved_IsKnown()
    {
        int tokens = _model.Tokenizer.Encode(Prompt).Length;
        using (PromptCache cache = _model.CreatePromptCache())
        {
            await Collect(_model.CompleteAsync(Prompt, cache, s_options));
            cache.Length.ShouldBe(tokens + 11, "the last token was not read");
            cache.TryTruncate(tokens).ShouldBeTrue();
            cache.Save(CacheFile);
        }
        using LanguageModel again = LanguageModel.Load(LanguageModelTests.Shipped.Path);
        using PromptCache loaded = again.LoadPromptCache(CacheFile);
        loaded.Length.ShouldBe(tokens);
        string longer = Prompt + " She went";
        List<CompletionPiece> got = await Collect(again.CompleteAsync(longer, loaded, s_options));
        got[^1].Usage!.CachedTokens.ShouldBe(tokens);
        Text(got).ShouldBe(Text(await Collect(_model.CompleteAsync(longer, s_options))));
    }

    [Fact]
    public async Task Save_WhileModelOrCacheIsDisposed_IsOverBeforeTheirMemoryGoes()
    {
        for (int i = 0; i < 8; i++)
        {
            LanguageModel model = LanguageModel.Load(LanguageModelTests.Shipped.Path);
            using PromptCache cache = model.CreatePromptCache();
            await Collect(model.CompleteAsync(Prompt, cache, s_options));
            Task saving = Task.Run(() =>
            {
                while (true) cache.Save(CacheFile);
            });
            await Task.Delay(10 + i);
            if (i % 2 == 0) model.Dispose();
            else cache.Dispose();
            await Should.ThrowAsync<ObjectDisposedException>(saving);
            cache.Dispose();
            Should.Throw<ObjectDisposedException>(() => cache.TryTruncate(0));
            model.Dispose();
            Should.Throw<ObjectDisposedException>(() => model.LoadPromptCache(CacheFile));
        }
    }

    [Fact]
    public async Task StartConversation_WithWhatAnEarlierOneHasLeft_ReadsOnlyTheNewTurn()
    {
        const string System = "You are brief, kind and clever, and never say more than one sentence.";
        int known;
        using (PromptCache cache = _model.CreatePromptCache())
        {
            using (Conversation chat = _model.StartConversation(System, cache)) await Collect(chat.SendAsync("Hello there", s_options));
            known = cache.Length;
            cache.Save(CacheFile);
        }
        using PromptCache loaded = _model.LoadPromptCache(CacheFile);
        loaded.Length.ShouldBe(known);
        using Conversation again = _model.StartConversation(System, loaded), anew = _model.StartConversation(System);
        List<CompletionPiece> got = await Collect(again.SendAsync("Who are you?", s_options)), expected = await Collect(anew.SendAsync("Who are you?", s_options));
        Text(got).ShouldBe(Text(expected));
        got[^1].Usage!.CachedTokens.ShouldBeGreaterThan(10);
        expected[^1].Usage!.CachedTokens.ShouldBe(0);
        using LanguageModel other = LanguageModel.Load(LanguageModelTests.Shipped.Path);
        Should.Throw<ArgumentException>(() => other.StartConversation(System, loaded)).Message.ShouldContain("StartConversation: the cache is another model's");
        Should.Throw<ArgumentException>(() => { _ = other.CompleteAsync("x", loaded); }).Message.ShouldContain("another model's");
    }

    [Fact]
    public async Task LoadPromptCache_OfAnotherContextOrType_IsRefused()
    {
        using (PromptCache cache = _model.CreatePromptCache())
        {
            await Collect(_model.CompleteAsync(Prompt, cache, s_options));
            cache.Save(CacheFile);
        }
        using LanguageModel shorter = LanguageModel.Load(LanguageModelTests.Shipped.Path, new LoadOptions { MaxSeqLen = 64 }), halves = LanguageModel.Load(LanguageModelTests.Shipped.Path, new LoadOptions { CacheType = KvCacheType.F16 });
        Should.Throw<FileFormatException>(() => shorter.LoadPromptCache(CacheFile)).Message.ShouldContain("the model's is 64");
        Should.Throw<FileFormatException>(() => halves.LoadPromptCache(CacheFile)).Message.ShouldContain("are F32; expected F16");
    }

    [Fact]
    public async Task PromptCache_UsedWhileATextIsWritten_IsRefused()
    {
        using PromptCache cache = _model.CreatePromptCache();
        await using IAsyncEnumerator<CompletionPiece> text = _model.CompleteAsync("Once", cache, s_options with { Overflow = ContextOverflow.Slide, MaxTokens = null }).GetAsyncEnumerator();
        (await text.MoveNextAsync()).ShouldBeTrue();
        Should.Throw<InvalidOperationException>(() => cache.Save(CacheFile)).Message.ShouldContain("PromptCache.Save: a text is still being written");
        Should.Throw<InvalidOperationException>(() => cache.TryTruncate(0));
        await Should.ThrowAsync<InvalidOperationException>(() => Collect(_model.CompleteAsync("x", cache)));
        await text.DisposeAsync();
        cache.TryTruncate(0).ShouldBeTrue();
        cache.Length.ShouldBe(0);
    }

    private static string Text(IEnumerable<CompletionPiece> pieces) => string.Concat(pieces.Select(piece => piece.Text));

    private static async Task<List<CompletionPiece>> Collect(IAsyncEnumerable<CompletionPiece> pieces)
    {
        List<CompletionPiece> all = [];
        await foreach (CompletionPiece piece in pieces) all.Add(piece);
        return all;
    }
}
