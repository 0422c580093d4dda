using Heed.Cli.Parallel;
using Heed.Tokenizers;
using Heed.Training.Data;

namespace Heed.Cli.Learning;

/// <summary>A text as ids on disk, and what of it is trained on and what held out.</summary>
internal sealed class TrainingText : IDisposable
{
    private readonly TokenFile _text;
    private readonly TokenFile? _held;

    private TrainingText(TokenFile text, TokenFile? held, TokenView train, TokenView? validation)
    {
        _text = text;
        _held = held;
        Train = train;
        Validation = validation;
    }

    public TokenView Train { get; }

    /// <summary>What is held out; null where that is nothing.</summary>
    public TokenView? Validation { get; }

    /// <summary>Encodes the text into the run's folder, or opens what is there from its beginning.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="source">The text.</param>
    /// <param name="heldOut">The text to measure on, or null to hold a part of the text out.</param>
    /// <param name="fraction">Which part.</param>
    /// <param name="terminal">Told how far it is.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <param name="ranks">The processes that use the text, of which the first one encodes it; null for this one alone.</param>
    public static TrainingText Prepare(RunFolder folder, Tokenizer tokenizer, TextSource source, TextSource? heldOut, double fraction, Terminal terminal, CancellationToken cancellation, Ranks? ranks = null)
    {
        if (ranks is not { AreSeveral: true }) return Prepare(folder, folder.Resumes, tokenizer, source, heldOut, fraction, terminal, cancellation);
        TrainingText? text = null;
        ranks.First(() => text = Prepare(folder, folder.Resumes, tokenizer, source, heldOut, fraction, terminal, cancellation));
        if (text is null) folder.RequireShared(folder.Tokens);
        return text ?? Prepare(folder, exists: true, tokenizer, source, heldOut, fraction, terminal, cancellation);
    }

    private static TrainingText Prepare(RunFolder folder, bool exists, Tokenizer tokenizer, TextSource source, TextSource? heldOut, double fraction, Terminal terminal, CancellationToken cancellation)
    {
        TokenFile text = Open(folder.Tokens, exists, tokenizer, source, terminal, cancellation);
        TokenFile? held = null;
        try
        {
            if (heldOut is not null) held = Open(folder.ValidationTokens, exists, tokenizer, heldOut, terminal, cancellation);
            TextDataset data = TextDataset.Split(text, held is null ? fraction : 0);
            TokenView? validation = held is null ? data.Validation : TextDataset.Split(held, 0).Train;
            return new TrainingText(text, held, data.Train, validation is { TokenCount: >= 2 } ? validation : null);
        }
        catch
        {
            held?.Dispose();
            text.Dispose();
            throw;
        }
    }

    /// <summary>The first words of what is trained on, on one line: a prompt that the model will know how to go on from.</summary>
    public string Beginning(Tokenizer tokenizer)
    {
        int[] ids = new int[(int)Math.Min(Train.TokenCount, 64)];
        Train.Read(0, ids);
        string[] words = tokenizer.Decode(ids).Split((char[]?)null, 4, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string text = string.Join(' ', words.Take(3));
        return text.Length <= 40 ? text : text[..(char.IsHighSurrogate(text[39]) ? 39 : 40)];
    }

    /// <summary>How rows are cut where the command line does not say: several documents are kept apart.</summary>
    public RowKind DefaultRows => Train.Corpus.DocumentCount > 1 ? RowKind.Packed : RowKind.Windows;

    /// <summary>The batches to learn from.</summary>
    public IBatchSource Batches(RowKind rows, int batch, int seqLen, ulong seed) => rows switch
    {
        RowKind.Packed => new PackedBatches(Train, batch, seqLen, seed),
        RowKind.Random => new RandomBatches(Train, batch, seqLen, seed),
        _ => new WindowBatches(Train, batch, seqLen, seed),
    };

    /// <summary>The batches to measure on, always the same; null where nothing is held out.</summary>
    public IBatchSource? ValidationBatches(RowKind rows, int batch, int seqLen) =>
        Validation is not { } view ? null
        : rows == RowKind.Packed ? new PackedBatches(view, batch, seqLen, shuffleSeed: null)
        : new WindowBatches(view, batch, seqLen, shuffleSeed: null);

    public void Dispose()
    {
        _held?.Dispose();
        _text.Dispose();
    }

    // A run goes on with the text that it began with, whatever became of the files.
    private static TokenFile Open(string path, bool exists, Tokenizer tokenizer, TextSource source, Terminal terminal, CancellationToken cancellation)
    {
        if (!exists || !File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using TokenizingLine progress = new(terminal);
            TokenFile.Write(path, source, tokenizer, progress, cancellation);
        }
        TokenFile file = TokenFile.Open(path);
        try
        {
            file.RequireTokenizer(tokenizer);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
