namespace Heed.Tokenizers;

/// <summary>
/// Learns a byte-level byte-pair encoding (Radford et al. 2019) from text: words are cut out by a pattern, and their bytes merge.
/// Every text can be encoded and comes back whole. The same text gives the same vocabulary, whatever the order of the texts and
/// the number of threads: the most frequent pair merges first, among equals the one of the lower left id, then of the lower
/// right id, which is the rule of Hugging Face's trainer. The table of different words is in memory, the text is not.
/// </summary>
public sealed class BpeTrainer
{
    private const int PieceChars = 1 << 20;
    private const int ReportEvery = 64;
    private readonly BpeTrainerOptions _options;
    private readonly WordSplitter _splitter;

    /// <summary>Makes a trainer.</summary>
    /// <param name="options">What to make, or null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range, or the special tokens contradict each other.</exception>
    public BpeTrainer(BpeTrainerOptions? options = null)
    {
        _options = options ?? new BpeTrainerOptions();
        _options.Check();
        _splitter = RegexSplitter.Create("BpeTrainerOptions.Pattern", _options.Pattern);
    }

    /// <summary>What it makes.</summary>
    public BpeTrainerOptions Options => _options;

    /// <summary>Learns from texts, each of which is cut into words by itself.</summary>
    /// <param name="texts">The texts, read once.</param>
    /// <param name="progress">Told how far the training is, or null.</param>
    /// <param name="cancellation">Stops the training.</param>
    /// <exception cref="ArgumentException">The texts are empty.</exception>
    /// <exception cref="OperationCanceledException">The training was stopped.</exception>
    public ByteLevelBpeTokenizer Train(IEnumerable<string> texts, IProgress<BpeTrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        int threads = _options.Threads == 0 ? Environment.ProcessorCount : _options.Threads;
        Dictionary<string, long> words = new WordCounter(_splitter, threads, progress).Count(texts, cancellation);
        if (words.Count == 0) throw new ArgumentException("BpeTrainer.Train: the texts are empty; need at least one character.", nameof(texts));
        return Learn(words, progress, cancellation);
    }

    /// <inheritdoc cref="Train(IEnumerable{string}, IProgress{BpeTrainingProgress}?, CancellationToken)"/>
    /// <param name="reader">One text, read to its end in pieces.</param>
    /// <param name="progress">Told how far the training is, or null.</param>
    /// <param name="cancellation">Stops the training.</param>
    public ByteLevelBpeTokenizer Train(TextReader reader, IProgress<BpeTrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return Train(Pieces(reader), progress, cancellation);
    }

    /// <summary>Cuts a text at seams, so that its words are those of the whole.</summary>
    internal static IEnumerable<string> Pieces(TextReader reader, int pieceChars = PieceChars)
    {
        char[] buffer = new char[pieceChars];
        int held = 0;
        while (true)
        {
            int read = reader.ReadBlock(buffer, held, buffer.Length - held);
            held += read;
            if (held < buffer.Length) break;
            int cut = TextSeam.FindLast(buffer.AsSpan(0, held));
            if (cut == 0)
            {
                Array.Resize(ref buffer, checked(2 * buffer.Length));
                continue;
            }

            yield return new string(buffer, 0, cut);
            held -= cut;
            buffer.AsSpan(cut, held).CopyTo(buffer);
        }

        if (held > 0) yield return new string(buffer, 0, held);
    }

    private ByteLevelBpeTokenizer Learn(Dictionary<string, long> words, IProgress<BpeTrainingProgress>? progress, CancellationToken cancellation)
    {
        List<string> texts = [.. _options.SpecialTokens];
        int specials = texts.Count;
        // Hugging Face numbers the bytes by the characters that stand for them.
        texts.AddRange(Enumerable.Range(0, 256).Select(value => ByteAlphabet.Letter((byte)value)).Order().Select(letter => letter.ToString()));
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach (string text in texts) ids.Add(text, ids.Count);

        MergeTable merges = new(_options.VocabSize);
        MergeLearner learner = new(words, ByteLevelBpeTokenizer.ByteIds(ids));
        words.Clear();
        learner.Begin(_options.MinFrequency);
        while (texts.Count < _options.VocabSize && learner.TryPop(_options.MinFrequency, out int left, out int right))
        {
            cancellation.ThrowIfCancellationRequested();
            string text = texts[left] + texts[right];
            if (!ids.TryGetValue(text, out int made))
            {
                made = texts.Count;
                ids.Add(text, made);
                texts.Add(text);
                if (made % ReportEvery == 0) progress?.Report(new BpeTrainingProgress(BpeTrainingPhase.Merging, made, _options.VocabSize));
            }

            if (made < specials) continue; // plain text must not become a special token
            learner.Merge(left, right, made, _options.MinFrequency);
            merges.Add(left, right, merges.Count, made);
        }

        progress?.Report(new BpeTrainingProgress(BpeTrainingPhase.Merging, texts.Count, texts.Count));
        return Make(texts, ids, specials, merges);
    }

    private ByteLevelBpeTokenizer Make(List<string> texts, Dictionary<string, int> ids, int specials, MergeTable merges)
    {
        TokenKind[] kinds = new TokenKind[texts.Count];
        Array.Fill(kinds, TokenKind.Control, 0, specials);
        Array.Fill(kinds, TokenKind.Normal, specials, kinds.Length - specials);
        TokenTable tokens = ByteLevelBpeTokenizer.MakeTable(texts.ToArray(), kinds, ids);
        int? Find(string? name) => name is null ? null : ids[name];
        TokenizerParts parts = new(tokens)
        {
            BosId = Find(_options.Bos),
            EosId = Find(_options.Eos),
            PadId = Find(_options.Pad),
            Prefix = _options.AddBos ? [ids[_options.Bos!]] : [],
            Added = _options.SpecialTokens.Select((text, id) => new AddedToken(id, text, Special: true)).ToArray(),
            ChatTemplate = _options.ChatTemplate,
        };
        return new ByteLevelBpeTokenizer(parts, _splitter, new ByteBpe(ByteLevelBpeTokenizer.ByteIds(ids), merges, wholeWords: null, unknown: -1));
    }
}
