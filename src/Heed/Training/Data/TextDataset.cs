using Heed.Tokenizers;

namespace Heed.Training.Data;

/// <summary>A corpus cut into what is trained on and what is held out.</summary>
public sealed class TextDataset
{
    private TextDataset(TokenCorpus corpus, TokenView train, TokenView? validation) => (Corpus, Train, Validation) = (corpus, train, validation);

    /// <summary>The whole corpus.</summary>
    public TokenCorpus Corpus { get; }

    /// <summary>What is trained on.</summary>
    public TokenView Train { get; }

    /// <summary>What is held out, or null where nothing is.</summary>
    public TokenView? Validation { get; }

    /// <summary>Encodes a file or folder in memory and holds a part of it out.</summary>
    /// <param name="path">A text file, or a folder as <see cref="TextSource"/> takes it; each file is a document.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="validationFraction">The part that is held out, as in <see cref="Split"/>.</param>
    public static TextDataset FromFile(string path, Tokenizer tokenizer, double validationFraction = 0.1) =>
        Split(TokenMemory.FromSource(new TextSource(path), tokenizer), validationFraction);

    /// <summary>
    /// Holds out a fraction: of the documents, evenly spread over the corpus, where that is at least one; otherwise the last
    /// tokens. At 0 nothing is held out.
    /// </summary>
    /// <param name="corpus">The corpus, which must live as long as the dataset.</param>
    /// <param name="validationFraction">At least 0 and less than 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is out of range, or leaves nothing on one side.</exception>
    public static TextDataset Split(TokenCorpus corpus, double validationFraction)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        if (!(validationFraction >= 0 && validationFraction < 1))
            throw new ArgumentOutOfRangeException(nameof(validationFraction), validationFraction, "Split: validationFraction must be at least 0 and less than 1.");
        if (validationFraction == 0) return new TextDataset(corpus, View(corpus, _ => true), null);
        bool IsHeldOut(int document) => Math.Floor((document + 1) * validationFraction) > Math.Floor(document * validationFraction);
        int heldOut = Enumerable.Range(0, corpus.DocumentCount).Count(IsHeldOut);
        return heldOut > 0 && heldOut < corpus.DocumentCount
            ? new TextDataset(corpus, View(corpus, document => !IsHeldOut(document)), View(corpus, IsHeldOut))
            : SplitTail(corpus, validationFraction);
    }

    private static TokenView View(TokenCorpus corpus, Func<int, bool> takes) => new(
        corpus,
        Enumerable.Range(0, corpus.DocumentCount).Where(takes)
            .Select(document => (corpus.DocumentStart(document), corpus.DocumentStart(document + 1) - corpus.DocumentStart(document))).ToList());

    private static TextDataset SplitTail(TokenCorpus corpus, double fraction)
    {
        long cut = (long)(corpus.TokenCount * (1 - fraction));
        if (cut == 0 || cut == corpus.TokenCount)
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, $"Split: {fraction} of {corpus.TokenCount} tokens leaves nothing on one side.");
        List<(long, long)> train = [], validation = [];
        for (int document = 0; document < corpus.DocumentCount; document++)
        {
            (long start, long end) = (corpus.DocumentStart(document), corpus.DocumentStart(document + 1));
            if (start < cut) train.Add((start, Math.Min(end, cut) - start));
            if (end > cut) validation.Add((Math.Max(start, cut), end - Math.Max(start, cut)));
        }

        return new TextDataset(corpus, new TokenView(corpus, train), new TokenView(corpus, validation));
    }
}
