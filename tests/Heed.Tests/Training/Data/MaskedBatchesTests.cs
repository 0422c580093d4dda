using Heed.Training.Data;

namespace Heed.Tests.Training.Data;

/// <summary>What is hidden, over a corpus of ids 3 to 49 in documents of many lengths, with 0 to 2 as special tokens.</summary>
public sealed class MaskedBatchesTests
{
    private const int Mask = 2, Vocabulary = 50, Ignore = TrainingBatch.IgnoreIndex;

    [Fact]
    public void Next_ManyDraws_HaveBertsShares()
    {
        IBatchSource plain = Packed(16, 64, 1);
        MaskedBatches masked = new(plain, Bert);
        int candidates = 0, chosen = 0, hidden = 0, kept = 0, random = 0;
        for (int step = 0; step < 400; step++)
        {
            TrainingBatch before = plain.Next(step), after = masked.Next(step);
            for (int i = 0; i < before.Tokens.Length; i++)
            {
                if (before.Tokens[i] > 2) candidates++;
                if (after.Targets[i] == Ignore) continue;
                chosen++;
                if (after.Tokens[i] == Mask) hidden++;
                else if (after.Tokens[i] == before.Tokens[i]) kept++;
                else random++;
            }
        }
        // Some 50,000 choices: three standard deviations are 0.005 of them. A random token is the old one in 1 of 47.
        chosen.ShouldBeGreaterThan(40_000);
        ((double)chosen / candidates).ShouldBe(0.15, 0.005);
        ((double)hidden / chosen).ShouldBe(0.8, 0.006);
        ((double)random / chosen).ShouldBe(0.1 * 46 / 47, 0.005);
        ((double)kept / chosen).ShouldBe(0.1 + 0.1 / 47, 0.005);
    }

    [Fact]
    public void Next_Targets_AreTheTokensAtTheirOwnPlaces()
    {
        IBatchSource plain = Packed(4, 32, 1);
        MaskedBatches masked = new(plain, Bert);
        for (int step = 0; step < 50; step++)
        {
            TrainingBatch before = plain.Next(step), after = masked.Next(step);
            for (int i = 0; i < before.Tokens.Length; i++)
            {
                if (after.Targets[i] == Ignore) after.Tokens[i].ShouldBe(before.Tokens[i]);
                else after.Targets[i].ShouldBe(before.Tokens[i]);
            }
            after.Positions.ShouldBe(before.Positions);
            after.FirstKeys.ShouldBe(before.FirstKeys);
        }
    }

    [Fact]
    public void Next_SpecialTokensAndPadding_AreNeverChosenNorDrawn()
    {
        // Documents of two tokens in rows of three: one place of each row is padding.
        IBatchSource plain = new PackedBatches(View([0, 3, 5, 1, 7, 9], [0, 2, 4]), 3, 3, shuffleSeed: null);
        MaskedBatches masked = new(plain, Bert with { Share = 1, MaskedShare = 0, RandomShare = 1 });
        TrainingBatch batch = masked.Next(0);
        batch.Targets.ShouldBe([Ignore, 3, Ignore, 5, Ignore, Ignore, 7, 9, Ignore]);
        MaskedBatches many = new(Packed(16, 64, 1), Bert with { MaskedShare = 0, RandomShare = 1 });
        HashSet<int> drawn = [];
        for (int step = 0; step < 60; step++)
        {
            TrainingBatch next = many.Next(step);
            for (int i = 0; i < next.Tokens.Length; i++)
                if (next.Targets[i] != Ignore) drawn.Add(next.Tokens[i]);
        }
        drawn.Order().ShouldBe(Enumerable.Range(3, Vocabulary - 3));
    }

    [Fact]
    public void Next_SmallestShare_ChoosesOneTokenOfEachRowThatHasAny()
    {
        MaskedBatches masked = new(Packed(8, 16, 1), Bert with { Share = 1e-9 });
        HashSet<int> places = [];
        for (int step = 0; step < 100; step++)
        {
            TrainingBatch batch = masked.Next(step);
            for (int row = 0; row < 8; row++)
            {
                int[] targets = batch.Targets[(row * 16)..((row + 1) * 16)];
                targets.Count(target => target != Ignore).ShouldBe(1);
                places.Add(Array.FindIndex(targets, target => target != Ignore));
            }
        }
        places.Count.ShouldBe(16);
        new MaskedBatches(new WindowBatches(View([0, 1, 0, 1], [0]), 1, 4, null), Bert).Next(0).TargetCount.ShouldBe(0);
    }

    [Fact]
    public void Next_AnyStepAndThread_HangsOnSeedAndRowAlone()
    {
        MaskedBatches masked = new(Packed(4, 32, 1), Bert);
        TrainingBatch[] batches = [.. Enumerable.Range(0, 20).Select(step => masked.Next(step))];
        TrainingBatch[] parallel = new TrainingBatch[20];
        Parallel.For(0, 20, step => parallel[step] = masked.Next(step));
        MaskedBatches again = new(Packed(4, 32, 1), Bert);
        foreach (int step in new[] { 19, 3, 0, 7 })
        {
            again.Next(step).Tokens.ShouldBe(batches[step].Tokens);
            parallel[step].Targets.ShouldBe(batches[step].Targets);
        }
        // A large batch has the rows of small ones; another seed hides others; the same rows an epoch later have others hidden.
        new MaskedBatches(Packed(8, 32, 1), Bert).Next(1).Targets.ShouldBe([.. batches[2].Targets, .. batches[3].Targets]);
        new MaskedBatches(Packed(4, 32, 1), Bert with { Seed = 6 }).Next(0).Targets.ShouldNotBe(batches[0].Targets);
        MaskedBatches whole = new(new WindowBatches(View([.. Enumerable.Range(3, 40)], [0]), 1, 41, shuffleSeed: 1), Bert);
        whole.Next(0).Targets.Select(target => target >= 0).ShouldNotBe(whole.Next(1).Targets.Select(target => target >= 0));
    }

    [Fact]
    public void Recipe_EverySetting_IsInIt()
    {
        string Of(MaskingOptions options, ulong rows = 1) => new MaskedBatches(Packed(4, 32, rows), options).Recipe;
        string[] recipes =
        [
            Of(Bert), Of(Bert, 2), Of(Bert with { Share = 0.2 }), Of(Bert with { MaskedShare = 0.7 }), Of(Bert with { RandomShare = 0.2 }),
            Of(Bert with { MaskToken = 1 , SpecialTokens = [0] }), Of(Bert with { SpecialTokens = [0] }), Of(Bert with { Seed = 3 }),
        ];
        recipes.Distinct().Count().ShouldBe(recipes.Length);
        recipes[0].ShouldStartWith("PackedBatches, seed 1; masked 0.15, of these 0.8 by token 2");
    }

    [Fact]
    public void Constructor_WrongOptions_SaysWhich()
    {
        IBatchSource source = Packed(1, 8, 1);
        Should.Throw<ArgumentOutOfRangeException>(() => new MaskedBatches(source, Bert with { Share = 0 })).Message.ShouldContain("Share");
        Should.Throw<ArgumentOutOfRangeException>(() => new MaskedBatches(source, Bert with { Share = double.NaN }));
        Should.Throw<ArgumentOutOfRangeException>(() => new MaskedBatches(source, Bert with { RandomShare = 0.3 })).Message.ShouldContain("together");
        Should.Throw<ArgumentOutOfRangeException>(() => new MaskedBatches(source, Bert with { MaskToken = Vocabulary })).Message.ShouldContain("vocabulary of 50");
        Should.Throw<ArgumentException>(() => new MaskedBatches(source, Bert with { SpecialTokens = [.. Enumerable.Range(0, Vocabulary)] })).Message.ShouldContain("all 50");
    }

    private static MaskingOptions Bert => new() { MaskToken = Mask, SpecialTokens = [0, 1], Seed = 5 };

    private static TokenView View(int[] ids, int[] starts) => TextDataset.Split(new TokenMemory(ids, starts, Vocabulary), 0).Train;

    /// <summary>Documents of 2 to 40 tokens, each of which begins with a special one.</summary>
    private static PackedBatches Packed(int batch, int seq, ulong seed)
    {
        Random random = new(4);
        List<int> ids = [], starts = [];
        for (int document = 0; document < 60; document++)
        {
            starts.Add(ids.Count);
            ids.Add(document % 2);
            for (int i = random.Next(1, 40); i > 0; i--) ids.Add(random.Next(3, Vocabulary));
        }
        return new PackedBatches(View([.. ids], [.. starts]), batch, seq, seed);
    }
}
