using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Heed.Cli.Learning;
using Heed.Cli.Options;
using Heed.Tokenizers;
using Heed.Training.Data;

namespace Heed.Cli.Commands;

/// <summary>heed eval: how well a model predicts a text.</summary>
internal sealed class EvalCommand
{
    private readonly TextOptions _text = new();
    private readonly ModelOptions _model = new();
    private readonly Option<int?> _stride = ValueOption.Number<int>("--stride", "How far a window is from the one before; smaller ones give every token more context and take longer. The context if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly ObjectiveOptions _objective = new();
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object." };
    private readonly Terminal _terminal;

    private EvalCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        EvalCommand self = new(terminal);
        Command command = new("eval", "Measure how well a model predicts a text: perplexity, nats per token, bits per byte; or finds what is hidden from it, or writes what belongs to a source, if that is what it has learned.");
        self._text.AddTo(command);
        self._model.AddTo(command);
        command.Add(self._stride);
        self._objective.AddShapesTo(command);
        command.Add(self._json);
        command.SetAction(self.Run);
        return command;
    }

    private int Run(ParseResult line)
    {
        TextSource source = _text.Source(line);
        if (source.TotalBytes == 0) throw new CommandException($"{source.Files[0]}: there is no text in it.");
        using Interruption interruption = new();
        try
        {
            using LoadedModel loaded = _model.Load(line, _terminal, interruption.Token);
            Objective objective = ObjectiveOptions.ObjectiveOf(loaded.Model.Config, source.Files);
            _objective.CheckShapes(line, objective);
            using StandardOutput output = new();
            if (objective != Objective.Causal)
            {
                if (line.GetValue(_stride) is not null) throw new CommandException("--stride goes with models that predict the next token only.");
                HeldOutLoss found = HeldOutLoss.Measure(objective, _objective, line, loaded.Model, source, _terminal, interruption.Token);
                output.Write(line.GetValue(_json) ? found.Json() : found.Text());
                return ExitCodes.Ok;
            }
            using TokenizingLine progress = new(_terminal);
            TokenMemory corpus = TokenMemory.FromSource(source, loaded.Model.Tokenizer, progress, interruption.Token);
            progress.Dispose();
            int window = loaded.Model.ContextLength, stride = line.GetValue(_stride) ?? window;
            if (stride > window) throw new CommandException($"--stride {stride} is more than the context of {window} tokens.");
            using MeasuringLine measuring = new(_terminal);
            SlidingLoss result = SlidingLoss.Measure(loaded.Model.Transformer, corpus, loaded.Model.Tokenizer, window, stride, measuring, interruption.Token);
            measuring.Dispose();
            output.Write(line.GetValue(_json) ? Json(result, corpus) : Text(result, corpus));
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    private static string Text(SlidingLoss result, TokenMemory corpus) => string.Create(CultureInfo.InvariantCulture, $"""
        perplexity       {result.Result.Perplexity:F4}
        nats per token   {result.Result.Loss:F5}
        bits per byte    {result.BitsPerByte:F5}
        tokens           {corpus.TokenCount:N0}, of which {result.Result.Targets:N0} of text are predicted
        bytes            {result.Bytes:N0}
        windows          {result.Windows:N0} of {result.Window}, {result.Stride} apart
        {(result.Unknown == 0 ? "" : $"unknown          {result.Unknown:N0} tokens stand for text that the vocabulary cannot spell\n")}
        """).ReplaceLineEndings("\n");

    private static string Json(SlidingLoss result, TokenMemory corpus) => JsonSerializer.Serialize(new
    {
        perplexity = result.Result.Perplexity,
        nats_per_token = result.Result.Loss,
        bits_per_byte = result.BitsPerByte,
        tokens = corpus.TokenCount,
        targets = result.Result.Targets,
        bytes = result.Bytes,
        unknown = result.Unknown,
        documents = corpus.DocumentCount,
        window = result.Window,
        stride = result.Stride,
        windows = result.Windows,
    }) + "\n";
}
