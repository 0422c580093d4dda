using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

public class BpeTrainerTests
{
    private const string Words = @"\S+|\s+";
    private static readonly BpeTrainerOptions s_small = new() { VocabSize = 400, MinFrequency = 1, Pattern = Words, SpecialTokens = [], Bos = null, Eos = null, Threads = 1 };

    private static Arbitrary<string> Texts => Gen.Frequency(
            (8, Gen.Elements("aaab b\nc ".ToCharArray())),
            (1, Gen.Elements("hé日\t.'s1".ToCharArray())))
        .ArrayOf().Select(chars => new string(chars)).ToArbitrary();

    [Fact]
    public void Train_TheWellKnownExample_MergesAsByHand()
    {
        string text = string.Join(' ', Enumerable.Repeat("low", 5).Concat(Enumerable.Repeat("lower", 2)).Concat(Enumerable.Repeat("newest", 6)).Concat(Enumerable.Repeat("widest", 3)));
        ByteLevelBpeTokenizer tokenizer = new BpeTrainer(s_small).Train([text]);
        Enumerable.Range(256, tokenizer.VocabSize - 256).Select(tokenizer.TokenText)
            .ShouldBe(["es", "est", "lo", "low", "ew", "new", "newest", "dest", "idest", "widest", "er", "lower"]);
        tokenizer.Encode("lowest").Select(tokenizer.TokenText).ShouldBe(["low", "est"]);
    }

    [Fact]
    public void Train_MinFrequency_LeavesRarePairs()
    {
        string text = "aa aa aa bb bb";
        Learned(new BpeTrainer(s_small with { MinFrequency = 3 }).Train([text])).ShouldBe(["aa"]);
        Learned(new BpeTrainer(s_small with { MinFrequency = 2 }).Train([text])).ShouldBe(["aa", "bb"]);
    }

    [Fact]
    public void Train_Overlaps_AreCountedAsNeighbours()
    {
        // "aaaa" is three pairs, and "bc" three times as many: among equals the lower ids go first.
        Learned(new BpeTrainer(s_small).Train(["aaaa bc bc bc"])).ShouldBe(["aa", "bc", "aaaa"]);
    }

    [Fact]
    public void Train_AnyText_MergesAsARecountDoes() => Prop.ForAll(Texts, Gen.Choose(0, 20).ToArbitrary(), (text, more) =>
    {
        if (text.Length == 0) return true;
        ByteLevelBpeTokenizer tokenizer = new BpeTrainer(s_small with { VocabSize = 256 + more }).Train([text]);
        List<(string, string)> expected = Recount(tokenizer.Splitter, text, 256 + more);
        return Merges(tokenizer).SequenceEqual(expected);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(80));

    [Fact]
    public void Encode_AfterTraining_AppliesMergesInTheirOrder() => Prop.ForAll(Texts, Texts, (text, other) =>
    {
        if (text.Length == 0) return true;
        ByteLevelBpeTokenizer tokenizer = new BpeTrainer(s_small with { VocabSize = 290 }).Train([text]);
        List<int> naive = [];
        foreach (string word in Split(tokenizer.Splitter, other))
        {
            List<string> symbols = Spell(word);
            foreach ((string left, string right) in Merges(tokenizer)) symbols = Apply(symbols, left, right);
            naive.AddRange(symbols.Select(symbol => tokenizer.IdOf(symbol)!.Value));
        }

        return tokenizer.Encode(other).SequenceEqual(naive);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(60));

    [Fact]
    public void Train_OrderOfTextsAndThreads_DoNotMatter()
    {
        string[] texts = Enumerable.Range(0, 3000).Select(i => $"the {i % 7} kites of fox number {i} flew over {i % 13} hills, didn't they?\n").ToArray();
        BpeTrainerOptions options = new() { VocabSize = 500 };
        string[] first = All(new BpeTrainer(options with { Threads = 1 }).Train(texts));
        All(new BpeTrainer(options with { Threads = 4 }).Train(texts.Reverse())).ShouldBe(first);
    }

    [Fact]
    public void Train_FromReader_IsTrainFromText()
    {
        string text = string.Concat(Enumerable.Range(0, 400).Select(i => $"line {i} of the kite's  story\n\n\tit goes on, 東京 {i * i}!\nso"));
        foreach (int pieceChars in new[] { 10, 100, 1000 })
            string.Concat(BpeTrainer.Pieces(new StringReader(text), pieceChars)).ShouldBe(text);
        BpeTrainer trainer = new(new BpeTrainerOptions { VocabSize = 400 });
        All(trainer.Train(BpeTrainer.Pieces(new StringReader(text), 100))).ShouldBe(All(trainer.Train([text])));
        All(trainer.Train(new StringReader(text))).ShouldBe(All(trainer.Train([text])));
    }

    [Fact]
    public void TextSeam_KnownPatterns_PartsEncodeAsTheWhole()
    {
        string[] patterns = [WordScanner.Gpt2Pattern, WordScanner.Llama3Pattern, WordScanner.Qwen2Pattern, WordScanner.O200kPattern, WordScanner.TekkenPattern];
        WordSplitter[] splitters = patterns.Select(pattern => (WordSplitter)WordScanner.For(pattern)!).ToArray();
        Arbitrary<string> texts = Gen.Frequency((8, Gen.Elements("ab \n\n '/!9.sA\r\té日".ToCharArray())), (1, Gen.Choose(0, 0x2FF).Select(c => (char)c)))
            .ArrayOf().Select(chars => new string(chars)).ToArbitrary();
        int cuts = 0;
        Prop.ForAll(texts, text =>
        {
            int cut = TextSeam.FindLast(text);
            if (cut == 0) return true;
            cuts++;
            return splitters.All(splitter => Split(splitter, text[..cut]).Concat(Split(splitter, text[cut..])).SequenceEqual(Split(splitter, text)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000).WithEndSize(40));
        cuts.ShouldBeGreaterThan(300);
    }

    [Fact]
    public void SaveHuggingFace_OfTrained_LoadsBackIdentically()
    {
        using TemporaryFolder folder = new();
        BpeTrainerOptions options = new()
        {
            VocabSize = 320,
            SpecialTokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<pad>"],
            Bos = null,
            Eos = "<|im_end|>",
            Pad = "<pad>",
            ChatTemplate = "{{ '<|im_start|>' }}",
        };
        foreach (BpeTrainerOptions each in new[] { options, options with { Bos = "<|endoftext|>", AddBos = true, Pad = null, ChatTemplate = null } })
        {
            ByteLevelBpeTokenizer tokenizer = new BpeTrainer(each).Train(["once upon a time a fox and a kite, once upon a hill\n"]);
            tokenizer.SaveHuggingFace(folder.Path);
            Tokenizer read = Tokenizer.Load(folder.Path);
            (read.VocabSize, read.BosId, read.EosId, read.UnknownId, read.PadId, read.AddsBos, read.AddsEos, read.ChatTemplate)
                .ShouldBe((tokenizer.VocabSize, tokenizer.BosId, tokenizer.EosId, tokenizer.UnknownId, tokenizer.PadId, tokenizer.AddsBos, tokenizer.AddsEos, tokenizer.ChatTemplate));
            read.StopIds.ShouldBe(tokenizer.StopIds, ignoreOrder: true);
            All(read).ShouldBe(All(tokenizer));
            read.CutsAtSeams.ShouldBeTrue();
            foreach (string text in new[] { "", "once upon a kite", " \n x", "日本 🙂\0 <|im_end|>" })
            {
                read.Encode(text).ShouldBe(tokenizer.Encode(text));
                read.Encode(text, parseSpecial: true).ShouldBe(tokenizer.Encode(text, parseSpecial: true));
                tokenizer.Decode(tokenizer.Encode(text)).ShouldBe(text);
            }
        }
    }

    [Fact]
    public void SaveJson_SpecialTokens_AreInTheModelsVocabulary()
    {
        // Hugging Face numbers an added token that its model does not know after all others.
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "tokenizer.json");
        new BpeTrainer(new BpeTrainerOptions { VocabSize = 257 }).Train(["a"]).SaveJson(path);
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(path));
        document.RootElement.GetProperty("model").GetProperty("vocab").GetProperty("<|endoftext|>").GetInt32().ShouldBe(0);
        document.RootElement.GetProperty("added_tokens")[0].GetProperty("id").GetInt32().ShouldBe(0);
    }

    [Fact]
    public void Train_TextThatSpellsASpecialToken_NeverGivesIt()
    {
        ByteLevelBpeTokenizer tokenizer = new BpeTrainer(s_small with { SpecialTokens = ["<e>"], Pattern = Words }).Train(["<e> <e> <e> <e>"]);
        tokenizer.Encode("<e>").ShouldNotContain(0);
        tokenizer.Encode("<e>", parseSpecial: true).ShouldBe([0]);
    }

    [Fact]
    public void Train_WrongOptions_AreErrors()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new BpeTrainer(new BpeTrainerOptions { VocabSize = 256 })).Message.ShouldContain("at least 257");
        Should.Throw<ArgumentOutOfRangeException>(() => new BpeTrainer(s_small with { MinFrequency = 0 })).Message.ShouldContain("MinFrequency");
        Should.Throw<ArgumentException>(() => new BpeTrainer(s_small with { Eos = "</s>" })).Message.ShouldContain("Eos is '</s>'");
        Should.Throw<ArgumentException>(() => new BpeTrainer(s_small with { SpecialTokens = ["<s>", "<s>"] })).Message.ShouldContain("twice");
        Should.Throw<ArgumentException>(() => new BpeTrainer(s_small with { SpecialTokens = ["a"] })).Message.ShouldContain("how a byte is spelled");
        Should.Throw<ArgumentException>(() => new BpeTrainer(s_small).Train([""])).Message.ShouldContain("empty");
    }

    [Fact]
    public void Train_Cancelled_Stops()
    {
        using CancellationTokenSource source = new();
        IEnumerable<string> Endless()
        {
            for (int i = 0; ; i++)
            {
                if (i == 1000) source.Cancel();
                yield return $"word {i} {new string('x', 1000)}";
            }
        }

        Should.Throw<OperationCanceledException>(() => new BpeTrainer().Train(Endless(), cancellation: source.Token));
    }

    [DataFact("corpora/tinyshakespeare.txt")]
    public void Train_TinyShakespeare_RoundTripsAndReports()
    {
        string text = File.ReadAllText(TestData.Get("corpora/tinyshakespeare.txt"));
        List<BpeTrainingProgress> reports = [];
        ByteLevelBpeTokenizer tokenizer = new BpeTrainer(new BpeTrainerOptions { VocabSize = 1024, Threads = 1 }).Train([text], new Recorder(reports));
        tokenizer.VocabSize.ShouldBe(1024);
        int[] ids = tokenizer.Encode(text);
        tokenizer.Decode(ids).ShouldBe(text);
        ((double)text.Length / ids.Length).ShouldBeGreaterThan(2.4); // characters per token; about 2.7
        reports.Select(report => report.Phase).Distinct().ShouldBe([BpeTrainingPhase.Counting, BpeTrainingPhase.Merging]);
        reports[^1].ShouldBe(new BpeTrainingProgress(BpeTrainingPhase.Merging, 1024, 1024));
    }

    private static string[] Learned(Tokenizer tokenizer) => All(tokenizer)[256..];

    private static string[] All(Tokenizer tokenizer) => Enumerable.Range(0, tokenizer.VocabSize).Select(tokenizer.TokenText).ToArray();

    private static List<(string Left, string Right)> Merges(ByteLevelBpeTokenizer tokenizer) =>
        tokenizer.Bpe.Merges.All.OrderBy(merge => merge.Rank).Select(merge => (tokenizer.TokenText(merge.Left), tokenizer.TokenText(merge.Right))).ToList();

    private static IEnumerable<string> Split(WordSplitter splitter, string text)
    {
        List<int> ends = [];
        if (text.Length > 0) splitter.Split(text, ends);
        return ends.Select((end, i) => text[(i == 0 ? 0 : ends[i - 1])..end]).ToArray();
    }

    private static List<string> Spell(string word) => ByteAlphabet.Spell(Encoding.UTF8.GetBytes(word)).Select(letter => letter.ToString()).ToList();

    private static List<string> Apply(List<string> symbols, string left, string right)
    {
        List<string> merged = [];
        for (int i = 0; i < symbols.Count; i++)
        {
            bool merges = i + 1 < symbols.Count && symbols[i] == left && symbols[i + 1] == right;
            merged.Add(merges ? left + right : symbols[i]);
            if (merges) i++;
        }

        return merged;
    }

    // All pairs are counted anew for every merge.
    private static List<(string, string)> Recount(WordSplitter splitter, string text, int vocabSize)
    {
        List<List<string>> words = Split(splitter, text).Select(Spell).ToList();
        List<string> tokens = Enumerable.Range(0, 256).Select(value => ByteAlphabet.Letter((byte)value)).Order().Select(letter => letter.ToString()).ToList();
        List<(string, string)> merges = [];
        while (tokens.Count < vocabSize)
        {
            var best = words.SelectMany(word => word.Zip(word.Skip(1))).GroupBy(pair => pair)
                .OrderByDescending(pairs => pairs.Count()).ThenBy(pairs => tokens.IndexOf(pairs.Key.First)).ThenBy(pairs => tokens.IndexOf(pairs.Key.Second)).FirstOrDefault();
            if (best is null) break;
            merges.Add(best.Key);
            if (!tokens.Contains(best.Key.First + best.Key.Second)) tokens.Add(best.Key.First + best.Key.Second);
            words = words.Select(word => Apply(word, best.Key.First, best.Key.Second)).ToList();
        }

        return merges;
    }

    private sealed class Recorder(List<BpeTrainingProgress> reports) : IProgress<BpeTrainingProgress>
    {
        public void Report(BpeTrainingProgress value)
        {
            lock (reports) reports.Add(value);
        }
    }
}
