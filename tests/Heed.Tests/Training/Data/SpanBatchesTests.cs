using Heed.Training.Data;

namespace Heed.Tests.Training.Data;

/// <summary>Rows with spans taken out, and pairs as rows.</summary>
public sealed class SpanBatchesTests
{
    private const int Vocabulary = 60, EndId = 50, StartId = 51, Unknown = 52;
    private static readonly int[] s_sentinels = [53, 54, 55, 56, 57, 58, 59];

    [Theory]
    [InlineData(3, 1, 0.15)]
    [InlineData(2, 9, 0.5)]
    [InlineData(1, 4, 0.9)]
    public void Next_SourceAndTarget_PutTogetherAreTheRow(double mean, int seed, double share)
    {
        WindowBatches rows = Rows(3);
        SpanBatches batches = new(Rows(3), Options with { MeanLength = mean, Seed = (ulong)seed, Share = share });
        for (int step = 0; step < 12; step++)
        {
            TrainingBatch batch = batches.Next(step), whole = rows.Next(step);
            batch.SeqLen.ShouldBeLessThanOrEqualTo(batches.SeqLen);
            batch.Sources!.SeqLen.ShouldBeLessThanOrEqualTo(batches.SourceLen);
            for (int row = 0; row < 3; row++)
            {
                int[] source = Source(batch, row), target = Target(batch, row);
                target[^1].ShouldBe(EndId);
                s_sentinels.ShouldContain(target[^2]);
                int[] original = whole.Tokens[(row * 20)..((row + 1) * 20)];
                Restored(source, target).ShouldBe(original);
                int ordinary = original.Count(token => token < EndId), taken = target.Count(token => token < EndId);
                if (share == 0.15 && !original.Contains(EndId)) taken.ShouldBe((int)Math.Round(share * ordinary));
                taken.ShouldBeInRange(1, ordinary - 1);
                target.ShouldNotContain(Unknown);
                // The decoder reads what it has to write, one place later.
                int at = row * batch.SeqLen;
                batch.Tokens[at].ShouldBe(StartId);
                batch.Tokens[(at + 1)..(at + target.Length)].ShouldBe(target[..^1]);
                batch.Positions[at..(at + target.Length)].ShouldBe(Enumerable.Range(0, target.Length));
            }
        }
    }

    [Fact]
    public void Next_LargeBatches_HoldTheRowsOfSmallOnesAndEveryPlaceIsTakenOut()
    {
        SpanBatches one = new(Rows(1), Options), four = new(Rows(4), Options);
        int[] taken = new int[20];
        for (int step = 0; step < 100; step++)
        {
            TrainingBatch large = four.Next(step);
            for (int row = 0; row < 4; row++)
            {
                TrainingBatch small = one.Next(4 * step + row);
                Source(small, 0).ShouldBe(Source(large, row));
                Target(small, 0).ShouldBe(Target(large, row));
                int place = 0;
                foreach (int token in Source(large, row))
                {
                    if (token >= s_sentinels[0]) taken[place] += 1;
                    place = Math.Min(19, place + (token >= s_sentinels[0] ? 3 : 1));
                }
            }
        }
        // 400 rows with a span of 3 tokens each: each place begins one about 22 times, the first and the last possible one too.
        taken[..18].ShouldAllBe(count => count > 4);
        Should.Throw<ArgumentOutOfRangeException>(() => one.Next(-1));
    }

    [Fact]
    public void Next_OtherSeedOrStep_TakesOutOtherTokens()
    {
        TrainingBatch first = new SpanBatches(Rows(2), Options).Next(3);
        Source(new SpanBatches(Rows(2), Options).Next(3), 1).ShouldBe(Source(first, 1));
        Source(new SpanBatches(Rows(2), Options with { Seed = 8 }).Next(3), 1).ShouldNotBe(Source(first, 1));
        Target(first, 0).ShouldNotBe(Target(first, 1));
    }

    [Fact]
    public void Next_PaddingAndShortRows_AreNoTargets()
    {
        // 23 tokens: the second row has 3 of them, the third batch's second row none.
        int[] ids = [.. Enumerable.Range(0, 23)];
        SpanBatches batches = new(new WindowBatches(View(ids), 2, 20, null), Options);
        TrainingBatch batch = batches.Next(0);
        Restored(Source(batch, 1), Target(batch, 1)).ShouldBe([20, 21, 22]);
        SpanBatches single = new(new WindowBatches(View([.. Enumerable.Range(0, 21)]), 2, 20, null), Options);
        single.Next(0).Sources!.Lengths.ToArray()[1].ShouldBe(0);
        Target(single.Next(0), 1).ShouldBeEmpty();
    }

    [Fact]
    public void Constructor_WrongOptions_SaysWhich()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new SpanBatches(Rows(1), Options with { Share = 1 })).Message.ShouldContain("Share");
        Should.Throw<ArgumentOutOfRangeException>(() => new SpanBatches(Rows(1), Options with { MeanLength = 0.5 })).Message.ShouldContain("MeanLength");
        Should.Throw<ArgumentException>(() => new SpanBatches(Rows(1), Options with { Sentinels = [53] })).Message.ShouldContain("got 1 sentinels");
        Should.Throw<ArgumentOutOfRangeException>(() => new SpanBatches(Rows(1), Options with { EndToken = 60 })).Message.ShouldContain("vocabulary of 60");
    }

    [Fact]
    public void PairFile_LinesThatAreNone_AreNamed()
    {
        using Heed.Tests.Formats.TempFolder folder = new();
        string good = folder.File("good.jsonl"), bad = folder.File("bad.jsonl");
        File.WriteAllText(good, "\n{\"source\": \"a\", \"target\": \"b\", \"more\": 1}\n\n{\"target\": \"d\", \"source\": \"c\"}");
        PairFile.Read(good).ShouldBe([new TextPair("a", "b"), new TextPair("c", "d")]);
        PairFile.IsPairs(good).ShouldBeTrue();
        foreach ((string line, string expected) in new[] { ("[1]", "got Array"), ("{\"source\": 1, \"target\": \"b\"}", "'source' is Number"), ("{\"source\": \"a\"}", "expected 'source' and 'target'"), ("{", "not valid JSON") })
        {
            File.WriteAllText(bad, "{\"source\": \"a\", \"target\": \"b\"}\n" + line);
            string message = Should.Throw<FileFormatException>(() => PairFile.Read(bad).ToList()).Message;
            message.ShouldContain("line 2");
            message.ShouldContain(expected);
            File.WriteAllText(bad, line);
            PairFile.IsPairs(bad).ShouldBeFalse();
        }
        PairFile.IsPairs(folder.File("none")).ShouldBeFalse();
    }

    private static SpanOptions Options => new() { Sentinels = s_sentinels, EndToken = EndId, StartToken = StartId, SpecialTokens = [Unknown], Seed = 1 };

    private static WindowBatches Rows(int batch)
    {
        Random random = new(3);
        return new WindowBatches(View([.. Enumerable.Range(0, 15_000).Select(i => i % 37 == 36 ? EndId : i % 53 == 52 ? Unknown : random.Next(EndId))]), batch, 20, shuffleSeed: null);
    }

    private static TokenView View(int[] ids) => TextDataset.Split(new TokenMemory(ids, null, Vocabulary), 0).Train;

    private static int[] Source(TrainingBatch batch, int row) => batch.Sources!.Tokens.Slice(row * batch.Sources.SeqLen, batch.Sources.Lengths[row]).ToArray();

    private static int[] Target(TrainingBatch batch, int row) => [.. batch.Targets[(row * batch.SeqLen)..((row + 1) * batch.SeqLen)].Where(token => token != TrainingBatch.IgnoreIndex)];

    /// <summary>The source with each sentinel replaced by what stands behind it in the target.</summary>
    private static int[] Restored(int[] source, int[] target)
    {
        source[^1].ShouldBe(EndId);
        List<int> text = [];
        foreach (int token in source[..^1])
        {
            int gap = Array.IndexOf(s_sentinels, token);
            if (gap < 0) text.Add(token);
            else text.AddRange(target.SkipWhile(other => other != token).Skip(1).TakeWhile(other => other < s_sentinels[0]));
        }
        return [.. text];
    }
}
