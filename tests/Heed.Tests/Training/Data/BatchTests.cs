using FsCheck;
using FsCheck.Fluent;
using Heed.Training.Data;

namespace Heed.Tests.Training.Data;

/// <summary>What batches hold, over corpora in which every token has its own id: its place.</summary>
public class BatchTests
{
    private static readonly int[] s_documents = [5, 1, 12, 7, 2, 9, 30, 3, 3, 1];

    public static TheoryData<string, int, int> Sources
    {
        get
        {
            TheoryData<string, int, int> data = [];
            foreach (string kind in new[] { "windows", "separate", "packed" })
                foreach ((int batch, int seq) in new[] { (1, 1), (2, 4), (3, 10), (4, 16), (2, 73), (2, 100) }) data.Add(kind, batch, seq);
            return data;
        }
    }

    [Fact]
    public void Fingerprint_OtherIdsDocumentsOrSplit_IsAnother()
    {
        static string Of(int[] ids, int[] starts, double heldOut = 0) => TextDataset.Split(new TokenMemory(ids, starts, 9), heldOut).Train.Fingerprint();
        string first = Of([1, 2, 3, 4], [0, 2]);
        Of([1, 2, 3, 4], [0, 2]).ShouldBe(first);
        Of([1, 2, 3, 5], [0, 2]).ShouldNotBe(first);
        Of([1, 2, 3, 4], [0, 3]).ShouldNotBe(first);
        Of([1, 2, 3, 4], [0, 2], 0.5).ShouldNotBe(first);
    }

    [Fact]
    public void Recipe_KindAndSeed_AreInIt()
    {
        Make("windows", 1, 4, 3).Recipe.ShouldBe("WindowBatches, seed 3");
        Make("windows", 1, 4, null).Recipe.ShouldBe("WindowBatches in order");
        Make("separate", 1, 4, 3).Recipe.ShouldBe("WindowBatches of separate documents, seed 3");
        Make("packed", 1, 4, 3).Recipe.ShouldBe("PackedBatches, seed 3");
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Next_OneEpoch_ShowsEveryTokenOnce(string kind, int batch, int seq)
    {
        foreach (ulong? seed in new ulong?[] { null, 1, 2 })
            foreach (long epoch in seed is null ? new long[] { 0 } : [0, 3])
            {
                IBatchSource source = Make(kind, batch, seq, seed);
                (int Token, int Target)[] seen = Rows(source, epoch).SelectMany(row => row.Tokens.Zip(row.Targets).Where((_, i) => !row.IsPadding[i])).ToArray();
                seen.Select(pair => pair.Token).Order().ShouldBe(Enumerable.Range(1, s_documents.Sum()));
                seen.ShouldAllBe(pair => pair.Target == TrainingBatch.IgnoreIndex || pair.Target == pair.Token + 1);
                int[] targets = seen.Select(pair => pair.Target).Where(target => target != TrainingBatch.IgnoreIndex).Order().ToArray();
                int[] starts = kind == "windows" ? [1] : Starts();
                targets.ShouldBe(Enumerable.Range(1, s_documents.Sum()).Except(starts)); // all but what begins a text
            }
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Next_MaskAndPositions_KeepDocumentsApart(string kind, int batch, int seq)
    {
        int[] starts = Starts();
        int DocumentOf(int token) => kind == "windows" ? 0 : starts.Count(start => start <= token);
        foreach (Row row in Rows(Make(kind, batch, seq, 5), 1))
            for (int i = 0; i < seq; i++)
            {
                int first = row.FirstKeys[i];
                first.ShouldBeInRange(0, i);
                row.Positions[i].ShouldBe(row.IsPadding[i] ? 0 : i - first);
                if (row.IsPadding[i]) (row.Targets[i], first).ShouldBe((TrainingBatch.IgnoreIndex, i));
                // What is seen is one document without gaps, and all of it that the row holds so far.
                for (int j = first; j <= i && !row.IsPadding[i]; j++)
                    (row.Tokens[j], DocumentOf(row.Tokens[j])).ShouldBe((row.Tokens[i] - (i - j), DocumentOf(row.Tokens[i])));
                bool goesOn = first > 0 && !row.IsPadding[i] && row.Tokens[first - 1] == row.Tokens[first] - 1;
                if (goesOn) DocumentOf(row.Tokens[first - 1]).ShouldNotBe(DocumentOf(row.Tokens[first]));
            }
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Next_AnyStepOfANewSource_IsTheSame(string kind, int batch, int seq)
    {
        IBatchSource source = Make(kind, batch, seq, 7);
        TrainingBatch[] batches = Enumerable.Range(0, 12).Select(step => source.Next(step)).ToArray();
        foreach (int step in new[] { 11, 3, 0, 7 }) Same(Make(kind, batch, seq, 7).Next(step), batches[step]).ShouldBeTrue();
        Make(kind, batch, seq, 7).Next(1_000_000_000_000).Tokens.Length.ShouldBe(batch * seq);
        if (source.RowsPerEpoch > 4) Enumerable.Range(0, 12).All(step => Same(Make(kind, batch, seq, 8).Next(step), batches[step])).ShouldBeFalse();
    }

    [Fact]
    public void Next_Epochs_ComeInDifferentOrders()
    {
        foreach (string kind in new[] { "windows", "packed" })
        {
            IBatchSource source = Make(kind, 2, 4, 3);
            string Order(long epoch) => string.Join(' ', Rows(source, epoch).SelectMany(row => row.Tokens));
            Enumerable.Range(0, 5).Select(epoch => Order(epoch)).Distinct().Count().ShouldBe(5);
        }
    }

    [Fact]
    public void Next_InOrder_EndsWithTheEpoch()
    {
        IBatchSource source = Make("windows", 4, 16, null); // 73 tokens are 5 rows
        source.RowsPerEpoch.ShouldBe(5);
        source.Next(0).Tokens[..3].ShouldBe([1, 2, 3]);
        source.Next(1).Tokens[..9].ShouldBe([65, 66, 67, 68, 69, 70, 71, 72, 73]);
        source.Next(1).TargetCount.ShouldBe(8);
        Should.Throw<ArgumentOutOfRangeException>(() => source.Next(2)).Message.ShouldContain("0 <= step < 2");
        Should.Throw<ArgumentOutOfRangeException>(() => source.Next(-1));
    }

    [Fact]
    public void RandomBatches_Rows_AreStretchesOfTheText()
    {
        TokenView view = View();
        RandomBatches source = new(view, 8, 10, 1);
        HashSet<int> firsts = [];
        for (int step = 0; step < 200; step++)
        {
            TrainingBatch batch = source.Next(step);
            for (int row = 0; row < 8; row++)
            {
                int first = batch.Tokens[row * 10];
                firsts.Add(first);
                batch.Tokens[(row * 10)..((row + 1) * 10)].ShouldBe(Enumerable.Range(first, 10));
                batch.Targets[(row * 10)..((row + 1) * 10)].ShouldBe(Enumerable.Range(first + 1, 10));
            }
        }

        firsts.Order().ShouldBe(Enumerable.Range(1, 73 - 10)); // every place, the last target being the last token
        Same(source.Next(5), new RandomBatches(view, 8, 10, 1).Next(5)).ShouldBeTrue();
        Same(source.Next(5), new RandomBatches(view, 8, 10, 2).Next(5)).ShouldBeFalse();
        Should.Throw<ArgumentException>(() => new RandomBatches(view, 1, 73, 1)).Message.ShouldContain("need at least 74");
    }

    [Fact]
    public void RowPacker_AnyLengths_FillsRowsWithoutOverflow() => Prop.ForAll(
        Gen.Choose(1, 70).ArrayOf().ToArbitrary(),
        lengths =>
        {
            RowPacker packed = RowPacker.Pack(lengths, 70);
            List<int> items = [];
            for (int row = 0; row < packed.Rows; row++)
            {
                int sum = packed[row].ToArray().Sum(item => lengths[item]);
                if (sum is < 1 or > 70) return false;
                items.AddRange(packed[row].ToArray());
            }

            // Best fit, decreasing, takes at most 11/9 of the least number of rows, and one (Johnson 1973).
            return items.Order().SequenceEqual(Enumerable.Range(0, lengths.Length)) && packed.Rows <= (11.0 / 9 * Math.Ceiling(lengths.Sum() / 35.0)) + 1;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(100));

    [Fact]
    public void IndexPermutation_AnyCount_IsAPermutation()
    {
        foreach (long count in new[] { 1, 2, 3, 4, 5, 16, 17, 100, 257, 1000, 4097 })
            foreach (ulong seed in new ulong[] { 0, 1, ulong.MaxValue })
            {
                IndexPermutation order = new(count, seed);
                Enumerable.Range(0, (int)count).Select(i => order[i]).Order().ShouldBe(Enumerable.Range(0, (int)count).Select(i => (long)i));
            }

        IndexPermutation large = new(3_000_000_000_000, 1);
        Enumerable.Range(0, 1000).Select(i => large[i]).Distinct().Count().ShouldBe(1000);
        // No order to be seen: the mean distance of neighbours in a random order is a third of the count.
        IndexPermutation mixed = new(10_000, 42);
        Enumerable.Range(0, 9_999).Average(i => Math.Abs(mixed[i + 1] - mixed[i])).ShouldBeInRange(3_133, 3_533);
    }

    [Fact]
    public void Split_OfDocuments_SpreadsWhatIsHeldOut()
    {
        TextDataset dataset = TextDataset.Split(Corpus(), 0.2);
        int[] starts = Starts();
        int[] Firsts(TokenView view) => Enumerable.Range(0, view.DocumentCount).Select(document =>
        {
            int[] first = new int[1];
            view.Read(view.DocumentStart(document), first);
            return first[0];
        }).ToArray();
        Firsts(dataset.Validation!).ShouldBe([starts[4], starts[9]]);
        Firsts(dataset.Train).ShouldBe(starts.Except([starts[4], starts[9]]));
        dataset.Train.TokenCount.ShouldBe(73 - 3);
        int[] all = new int[70];
        dataset.Train.Read(0, all);
        all.ShouldBe(Enumerable.Range(1, 73).Except([26, 27, 73]));
        TextDataset.Split(Corpus(), 0).Validation.ShouldBeNull();
    }

    [Fact]
    public void Split_OfOneDocument_HoldsOutItsTail()
    {
        TextDataset dataset = TextDataset.Split(new TokenMemory(Enumerable.Range(0, 1000).ToArray(), null, 1000), 0.1);
        (dataset.Train.TokenCount, dataset.Validation!.TokenCount).ShouldBe((900, 100));
        int[] first = new int[1];
        dataset.Validation.Read(0, first);
        first[0].ShouldBe(900);
        dataset = TextDataset.Split(Corpus(), 0.05); // half a document
        (dataset.Train.TokenCount, dataset.Validation!.TokenCount, dataset.Validation.DocumentCount).ShouldBe((69, 4, 2));
        foreach (double wrong in new[] { -0.1, 1, double.NaN }) Should.Throw<ArgumentOutOfRangeException>(() => TextDataset.Split(Corpus(), wrong));
        Should.Throw<ArgumentOutOfRangeException>(() => TextDataset.Split(new TokenMemory([1], null, 2), 0.5));
    }

    private static int[] Starts() => s_documents.Select((_, i) => 1 + s_documents[..i].Sum()).ToArray();

    private static TokenMemory Corpus() => new(Enumerable.Range(1, s_documents.Sum()).ToArray(), Starts().Select(start => start - 1).ToArray(), 100);

    private static TokenView View() => TextDataset.Split(Corpus(), 0).Train;

    private static IBatchSource Make(string kind, int batch, int seq, ulong? seed) => kind == "packed"
        ? new PackedBatches(View(), batch, seq, seed) : new WindowBatches(View(), batch, seq, seed, separateDocuments: kind == "separate");

    private static IEnumerable<Row> Rows(IBatchSource source, long epoch)
    {
        for (long row = epoch * source.RowsPerEpoch; row < (epoch + 1) * source.RowsPerEpoch; row++)
        {
            TrainingBatch batch = source.Next(row / source.BatchSize);
            (int from, int seq) = ((int)(row % source.BatchSize) * source.SeqLen, source.SeqLen);
            yield return new Row(batch.Tokens[from..(from + seq)], batch.Targets[from..(from + seq)], batch.Positions[from..(from + seq)], batch.FirstKeys[from..(from + seq)]);
        }
    }

    private static bool Same(TrainingBatch a, TrainingBatch b) =>
        a.Tokens.SequenceEqual(b.Tokens) && a.Targets.SequenceEqual(b.Targets) && a.Positions.SequenceEqual(b.Positions) && a.FirstKeys.SequenceEqual(b.FirstKeys);

    private sealed record Row(int[] Tokens, int[] Targets, int[] Positions, int[] FirstKeys)
    {
        // Token 0 does not occur in the corpus.
        public bool[] IsPadding => Tokens.Select(token => token == 0).ToArray();
    }
}
