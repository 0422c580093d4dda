using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Heed.Cli.Options;
using Heed.Inference;
using Heed.Models;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Cli.Learning;

/// <summary>The loss over what is hidden from a model, taken out of a text, or to be written for a source: always the same tokens of the same files.</summary>
/// <param name="Objective">What is to be found.</param>
/// <param name="Result">Loss and number of targets.</param>
/// <param name="Tokens">The tokens that are read.</param>
/// <param name="Rows">The number of rows, or pairs.</param>
internal sealed record HeldOutLoss(Objective Objective, EvaluationResult Result, long Tokens, long Rows)
{
    private const int Batch = 8, BatchTokens = 1 << 13;

    /// <param name="objective">What is to be found; not the next token.</param>
    /// <param name="options">How it is hidden.</param>
    /// <param name="line">What else the command line says.</param>
    /// <param name="model">The model.</param>
    /// <param name="source">The files.</param>
    /// <param name="terminal">Told how far it is.</param>
    /// <param name="cancellation">Looked at before each block.</param>
    /// <exception cref="CommandException">Nothing is to be found.</exception>
    public static HeldOutLoss Measure(Objective objective, ObjectiveOptions options, ParseResult line, LanguageModel model, TextSource source, Terminal terminal, CancellationToken cancellation)
    {
        try
        {
            (IBatchSource batches, long tokens) = objective == Objective.Pairs ? Pairs(model, source, cancellation) : Hidden(objective, options, line, model, source, terminal, cancellation);
            EvaluationResult result = Evaluation.Measure(model.Transformer, batches, 1 + ((batches.RowsPerEpoch - 1) / batches.BatchSize), cancellation);
            return new HeldOutLoss(objective, result, tokens, batches.RowsPerEpoch);
        }
        catch (ArgumentException e)
        {
            throw new CommandException($"eval: {ErrorText.Of(e)}");
        }
    }

    public string Text() => string.Create(CultureInfo.InvariantCulture, $"""
        perplexity       {Result.Perplexity:F4}
        nats per token   {Result.Loss:F5}
        tokens           {Tokens:N0} read, {Result.Targets:N0} {What}
        {(Objective == Objective.Pairs ? "pairs" : "rows ")}            {Rows:N0}

        """).ReplaceLineEndings("\n");

    public string Json() => JsonSerializer.Serialize(new
    {
        objective = Objective.ToString().ToLowerInvariant(),
        perplexity = Result.Perplexity,
        nats_per_token = Result.Loss,
        tokens = Tokens,
        targets = Result.Targets,
        rows = Rows,
    }) + "\n";

    private string What => Objective switch
    {
        Objective.Masked => "of them hidden and found",
        Objective.Spans => "written for what was taken out",
        _ => "written",
    };

    private static (IBatchSource Batches, long Tokens) Pairs(LanguageModel model, TextSource source, CancellationToken cancellation)
    {
        ModelConfig config = model.Config;
        PairDataset pairs = PairDataset.Encode(source.Files.SelectMany(PairFile.Read), model.Tokenizer, config.Encoder!.MaxSeqLen, model.ContextLength, cancellation);
        return (new PairBatches(pairs, Batch, shuffleSeed: null), pairs.SourceTokens);
    }

    private static (IBatchSource Batches, long Tokens) Hidden(Objective objective, ObjectiveOptions options, ParseResult line, LanguageModel model, TextSource source, Terminal terminal, CancellationToken cancellation)
    {
        ObjectiveOptions.CheckTokenizer(objective, model.Tokenizer);
        using TokenizingLine progress = new(terminal);
        TokenView text = TextDataset.Split(TokenMemory.FromSource(source, model.Tokenizer, progress, cancellation), 0).Train;
        // Rows are as long as there is text for, whatever context a file claims.
        int longest = (int)Math.Clamp(Enumerable.Range(0, text.DocumentCount).Max(document => text.DocumentStart(document + 1) - text.DocumentStart(document)), 2, int.MaxValue);
        int seqLen = Math.Min(longest, objective == Objective.Spans ? SpanRows(options, line, model) : model.ContextLength);
        int batch = (int)Math.Min(Math.Clamp(BatchTokens / seqLen, 1, Batch), 1 + ((text.TokenCount - 1) / seqLen));
        IBatchSource rows = text.DocumentCount > 1 ? new PackedBatches(text, batch, seqLen, shuffleSeed: null) : new WindowBatches(text, batch, seqLen, shuffleSeed: null);
        return (options.Apply(objective, line, rows, model.Tokenizer, seed: 0), text.TokenCount);
    }

    /// <summary>The longest rows whose sources the encoder has room for, and their targets the decoder.</summary>
    private static int SpanRows(ObjectiveOptions options, ParseResult line, LanguageModel model)
    {
        // A source has an end token besides.
        int low = ObjectiveOptions.FewestSpanTokens, high = model.Config.Encoder!.MaxSeqLen - 1;
        if (high < low || TargetOf(low) > model.ContextLength)
            throw new CommandException($"eval: contexts of {model.Config.Encoder.MaxSeqLen} tokens to read and {model.ContextLength} to write have no room for rows that spans are taken out of.");
        while (low < high)
        {
            int middle = high - (high - low) / 2;
            if (TargetOf(middle) <= model.ContextLength) low = middle;
            else high = middle - 1;
        }
        return low;

        int TargetOf(int seqLen) => options.Apply(Objective.Spans, line, new PlannedRows(1, seqLen, model.Config.VocabSize), model.Tokenizer, seed: 0).SeqLen;
    }
}
