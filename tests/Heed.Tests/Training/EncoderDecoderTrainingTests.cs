using Heed.Inference;
using Heed.Models;
using Heed.Tensors;
using Heed.Tests.Formats;
using Heed.Tokenizers;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Tests.Training;

/// <summary>Small models of two halves that learn to turn words around, and to fill spans.</summary>
public sealed class EncoderDecoderTrainingTests
{
    private const string End = "<end>", Letters = "abcdef";
    private static readonly string[] s_sentinels = ["<extra_id_0>", "<extra_id_1>", "<extra_id_2>", "<extra_id_3>"];
    private static readonly CharacterTokenizer s_tokenizer = CharacterTokenizer.Train(Letters, new CharacterTokenizerOptions { SpecialTokens = [End, .. s_sentinels], Eos = End });

    [Fact]
    public async Task Trainer_ReversedWords_AreLearnedAndWritten()
    {
        PairDataset pairs = Words(300, longest: 4);
        (PairDataset train, PairDataset? held) = pairs.Split(0.1);
        Transformer model = Model(hidden: 32);
        TrainingOptions options = TinyRun.Options with { Steps = 300, LearningRate = 8e-3, WarmupSteps = 20, Schedule = ScheduleKind.Cosine, Beta2 = 0.98f };
        List<TrainingStep> steps = await TinyRun.RunAsync(new Trainer(model, new PairBatches(train, 16, 1), options));
        steps.Take(10).Average(step => step.Loss).ShouldBeGreaterThan(1.5);
        Evaluation.Measure(model, new PairBatches(held!, 8, null), 4).Loss.ShouldBeLessThan(0.2);

        using LanguageModel language = new(model, s_tokenizer);
        foreach (string word in new[] { "abc", "fade", "bcd" })
        {
            (string text, CompletionPiece last) = await Complete(language, word, GenerationOptions.Greedy);
            text.ShouldBe(Reversed(word));
            last.FinishReason.ShouldBe(FinishReason.EndToken);
            last.Usage!.PromptTokens.ShouldBe(word.Length + 1);
            (string sampled, _) = await Complete(language, word, new GenerationOptions { Temperature = 0.01f, Seed = 3 });
            sampled.ShouldBe(text);
        }
    }

    [Fact]
    public async Task CompleteAsync_GreedyTokens_AreThoseOfWholeForwards()
    {
        Transformer model = Model();
        using LanguageModel language = new(model, s_tokenizer);
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = 9, IgnoreEndTokens = true };
        List<int> written = [s_tokenizer.EosId!.Value];
        SourceRows source = new([.. s_tokenizer.Encode("face"), s_tokenizer.EosId.Value]);
        for (int i = 0; i < 9; i++) written.Add(ArgMax(model.Forward([.. written], sources: source).ToArray()));
        List<int> tokens = [];
        await foreach (CompletionPiece piece in language.CompleteAsync("face", options)) tokens.AddRange(piece.TokenIds);
        tokens.ShouldBe(written[1..]);
        // A second source is not confused with the first.
        Tokens(await Collect(language.CompleteAsync("bad", options))).ShouldBe(Tokens(await Collect(language.CompleteAsync(s_tokenizer.Encode("bad"), options))));
        Should.Throw<NotSupportedException>(() => language.StartConversation()).Message.ShouldContain("has an encoder");
        ContextOverflowException full = await Should.ThrowAsync<ContextOverflowException>(() => Collect(language.CompleteAsync(new string('a', 40), options)));
        full.PromptTokens.ShouldBe(41);
        Tokens(await Collect(language.CompleteAsync(new string('a', 40), options with { Overflow = ContextOverflow.Slide }))).Length.ShouldBe(9);
        (await Collect(language.CompleteAsync("abc", options with { MaxTokens = 100 })))[^1].FinishReason.ShouldBe(FinishReason.ContextFull);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Resume_PairsAndSpans_GoOnToTheLastBit(bool pairs)
    {
        using TempFolder folder = new();
        TrainingOptions options = TinyRun.Options with { Steps = 9, GradientAccumulation = 2, CheckpointEvery = 4 };
        IBatchSource Batches(double share = 0.15) => pairs ? new PairBatches(Words(30), 2, 1) : new SpanBatches(new RandomBatches(Text(), 2, 20, seed: 1), SpanOptions.Of(s_tokenizer) with { Share = share });
        Transformer through = Model(), stopped = Model(), resumed = Model(seed: 99);
        await TinyRun.RunAsync(new Trainer(through, Batches(), options));
        Trainer first = new(stopped, Batches(), options) { Folder = TrainingFolder.For(folder.Root, stopped, s_tokenizer) };
        await foreach (TrainingStep step in first.RunAsync())
            if (step.Number == 5) break;

        Trainer second = new(resumed, Batches(), options) { Folder = new TrainingFolder(folder.Root) };
        second.Resume().ShouldBeTrue();
        second.Step.ShouldBe(4);
        await TinyRun.RunAsync(second);
        TinyRun.Weights(resumed.Parameters).ShouldBe(TinyRun.Weights(through.Parameters));
        TinyRun.Weights(resumed.Parameters).ShouldAllBe(value => float.IsFinite(value));
        using (LanguageModel saved = LanguageModel.Load(folder.Root)) (await Collect(saved.CompleteAsync("face", GenerationOptions.Greedy with { MaxTokens = 2 }))).Count.ShouldBeGreaterThan(0);

        if (!pairs) Should.Throw<ResumeException>(() => new Trainer(Model(), Batches(0.3), options) { Folder = new TrainingFolder(folder.Root) }.Resume()).Message.ShouldContain("0.3 of all");
        Trainer wider = new(Model(encoderLayers: 2), Batches(), options) { Folder = new TrainingFolder(folder.Root) };
        Should.Throw<ResumeException>(() => wider.Resume()).Message.ShouldContain("Model.Encoder.NumLayers was 1, is 2");
    }

    [Fact]
    public async Task Trainer_Spans_LossFallsAndSentinelsAreWritten()
    {
        Transformer model = Model(hidden: 32);
        SpanBatches batches = new(new RandomBatches(Text(), 8, 20, seed: 1), SpanOptions.Of(s_tokenizer) with { Seed = 4 });
        TrainingOptions options = TinyRun.Options with { Steps = 250, LearningRate = 6e-3, WarmupSteps = 20, Schedule = ScheduleKind.Cosine, Beta2 = 0.98f, Recompute = true };
        List<TrainingStep> steps = await TinyRun.RunAsync(new Trainer(model, batches, options));
        steps.TakeLast(20).Average(step => step.Loss).ShouldBeLessThan(0.3 * steps.Take(10).Average(step => step.Loss));
        using LanguageModel language = new(model, s_tokenizer);
        (string text, _) = await Complete(language, "abcdefab<extra_id_0>fabcdefab", GenerationOptions.Greedy with { ParseSpecialTokens = true });
        text.ShouldBe("<extra_id_0>cde<extra_id_1>");
    }

    [Fact]
    public void Trainer_ModelAndBatchesThatDoNotFit_AreRefused()
    {
        Transformer plain = TinyRun.Model();
        Should.Throw<ArgumentException>(() => new Trainer(plain, new PairBatches(Words(5), 2, 1), TinyRun.Options)).Message.ShouldContain("the model no encoder");
        Should.Throw<ArgumentException>(() => new Trainer(Model(), new RandomBatches(Text(), 2, 8, 1), TinyRun.Options)).Message.ShouldContain("the batches have no sources");
        ModelConfig config = Model().Config;
        Transformer narrow = new(config with { Encoder = config.Encoder! with { MaxSeqLen = 5 } }, new RandomWeights(1));
        Should.Throw<ArgumentException>(() => new Trainer(narrow, new PairBatches(Words(50), 2, 1), TinyRun.Options)).Message.ShouldContain("expected at most 5, the encoder's MaxSeqLen");
    }

    private static PairDataset Words(int count, int longest = 6)
    {
        Random random = new(2);
        return PairDataset.Encode(Enumerable.Range(0, count).Select(_ =>
        {
            string word = new([.. Enumerable.Range(0, random.Next(3, longest + 1)).Select(_ => Letters[random.Next(Letters.Length)])]);
            return new TextPair(word, Reversed(word));
        }), s_tokenizer, 30, 30);
    }

    private static string Reversed(string word) => new([.. word.Reverse()]);

    private static TokenView Text() => TextDataset.Split(TokenMemory.FromText(string.Concat(Enumerable.Repeat(Letters, 60)), s_tokenizer), 0).Train;

    private static Transformer Model(int hidden = 16, int seed = 7, int encoderLayers = 1)
    {
        ModelConfig config = TinyRun.Config with { HiddenSize = hidden, IntermediateSize = 2 * hidden, NumLayers = 1, NumHeads = 4, NumKvHeads = null, VocabSize = s_tokenizer.VocabSize, MaxSeqLen = 32, TieEmbeddings = true };
        return TinyRun.Model(config.WithEncoder(encoderLayers), seed);
    }

    private static async Task<(string Text, CompletionPiece Last)> Complete(LanguageModel model, string source, GenerationOptions options)
    {
        List<CompletionPiece> pieces = await Collect(model.CompleteAsync(source, options));
        return (string.Concat(pieces.Select(piece => piece.Text)), pieces[^1]);
    }

    private static async Task<List<CompletionPiece>> Collect(IAsyncEnumerable<CompletionPiece> stream)
    {
        List<CompletionPiece> pieces = [];
        await foreach (CompletionPiece piece in stream) pieces.Add(piece);
        return pieces;
    }

    private static int[] Tokens(List<CompletionPiece> pieces) => [.. pieces.SelectMany(piece => piece.TokenIds)];

    private static int ArgMax(float[] logits) => Array.IndexOf(logits, logits.Max());
}
