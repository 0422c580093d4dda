using Heed.Inference;
using Heed.Models;
using Heed.Tests.Formats;
using Heed.Tokenizers;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Tests.Training;

/// <summary>Small models that learn to fill gaps.</summary>
public sealed class MaskedTrainingTests
{
    private static readonly CharacterTokenizer s_tokenizer = CharacterTokenizer.Train(Text, new CharacterTokenizerOptions { SpecialTokens = ["<mask>"] });

    private static string Text => string.Concat(Enumerable.Repeat("the fox saw a kite. my cat ate some fish. ", 30));

    [Fact]
    public async Task Trainer_RepetitiveText_LossFallsAndGapsAreFilled()
    {
        Transformer model = Model(hidden: 32);
        TrainingOptions options = TinyRun.Options with { Steps = 300, LearningRate = 6e-3, WarmupSteps = 20, Schedule = ScheduleKind.Cosine, Beta2 = 0.98f };
        List<TrainingStep> steps = await TinyRun.RunAsync(new Trainer(model, Masked(8, 40), options));
        double first = steps.Take(10).Average(step => step.Loss), last = steps.TakeLast(20).Average(step => step.Loss);
        last.ShouldBeLessThan(0.3 * first);
        Evaluation.Measure(model, new MaskedBatches(new WindowBatches(View, 4, 40, null), Options(9)), 5).Loss.ShouldBeLessThan(0.3 * first);

        MaskFiller filler = new(model, s_tokenizer);
        // What tells the gap lies after it, then before it.
        filler.Fill("the <mask>ox saw a kite. my cat ate some")[0].Candidates[0].Text.ShouldBe("f");
        filler.Fill("my <mask>at ate some fish. the fox saw a")[0].Candidates[0].Text.ShouldBe("c");
        IReadOnlyList<FilledMask> two = filler.Fill("the fox s<mask>w a kite. my cat ate some fi<mask>h", count: 3);
        two.Select(mask => mask.Candidates[0].Text).ShouldBe(["a", "s"]);
        two[0].Place.ShouldBe(9);
        two[0].Candidates.Count.ShouldBe(3);
        two[0].Candidates[0].Probability.ShouldBeGreaterThan(0.5);
    }

    [Fact]
    public async Task Resume_MaskedBatches_GoOnToTheLastBit()
    {
        using TempFolder folder = new();
        TrainingOptions options = TinyRun.Options with { Steps = 9, GradientAccumulation = 2, CheckpointEvery = 4 };
        Transformer through = Model(), stopped = Model(), resumed = Model(seed: 99);
        await TinyRun.RunAsync(new Trainer(through, Masked(2, 12), options));
        Trainer first = new(stopped, Masked(2, 12), options) { Folder = new TrainingFolder(folder.Root) };
        await foreach (TrainingStep step in first.RunAsync())
            if (step.Number == 5) break;

        Trainer second = new(resumed, Masked(2, 12), options) { Folder = new TrainingFolder(folder.Root) };
        second.Resume().ShouldBeTrue();
        second.Step.ShouldBe(4);
        await TinyRun.RunAsync(second);
        TinyRun.Weights(resumed.Parameters).ShouldBe(TinyRun.Weights(through.Parameters));

        Trainer other = new(Model(), Masked(2, 12, Options(1) with { Share = 0.3 }), options) { Folder = new TrainingFolder(folder.Root) };
        Should.Throw<ResumeException>(() => other.Resume()).Message.ShouldContain("masked 0.3");
        Trainer causal = new(Model(bothWays: false), Masked(2, 12), options) { Folder = new TrainingFolder(folder.Root) };
        Should.Throw<ResumeException>(() => causal.Resume()).Message.ShouldContain("Bidirectional");
    }

    private static TokenView View => TextDataset.Split(TokenMemory.FromText(Text, s_tokenizer), 0).Train;

    private static MaskingOptions Options(ulong seed) => new() { MaskToken = s_tokenizer.MaskId!.Value, SpecialTokens = [s_tokenizer.UnknownId!.Value], Seed = seed };

    private static MaskedBatches Masked(int batch, int seq, MaskingOptions? options = null) => new(new RandomBatches(View, batch, seq, seed: 1), options ?? Options(1));

    private static Transformer Model(int hidden = 16, int seed = 7, bool bothWays = true) =>
        TinyRun.Model(TinyRun.Config with { HiddenSize = hidden, IntermediateSize = 2 * hidden, NumKvHeads = 2, VocabSize = s_tokenizer.VocabSize, MaxSeqLen = 48, Bidirectional = bothWays }, seed);
}
