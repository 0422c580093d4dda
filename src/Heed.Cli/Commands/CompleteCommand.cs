using System.CommandLine;
using Heed.Cli.Options;
using Heed.Cli.Parallel;
using Heed.Inference;
using Heed.Inference.Beams;
using Heed.Tokenizers;

namespace Heed.Cli.Commands;

/// <summary>heed complete: writes a text on.</summary>
internal sealed class CompleteCommand
{
    private readonly Argument<string?> _prompt = new("PROMPT")
    {
        Description = "The text to write on after; - or nothing reads standard input, to its end and without its last line end.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly ModelOptions _model = new();
    private readonly SamplingOptions _sampling = new("if not given, as many as the context holds");
    private readonly GrammarOptions _grammar = new();
    private readonly SpeculationOptions _speculation = new();
    private readonly BeamSearchOptions _beams = new();
    private readonly Option<string?> _promptCache = ValueOption.Text("--prompt-cache", "A file for what is read of the prompt: the next prompt that begins alike reads only what is new. It is written where it is absent or the prompt has grown.", "FILE");
    private readonly Option<bool> _json = new("--json") { Description = "Write a line of JSON for each piece; the last one has finish_reason and usage." };
    private readonly Option<bool> _logprobs = new("--logprobs") { Description = "With --json: the natural log-probability of each token." };
    private readonly Option<int?> _topLogprobs = ValueOption.Number<int>("--top-logprobs", "With --json: the N likeliest tokens for each token's place, with their log-probabilities; includes --logprobs.", "a whole number from 0 to 1000", value => value is >= 0 and <= 1000);
    private readonly Option<bool> _echo = new("--echo") { Description = "Write the prompt first; with --logprobs also how likely its tokens were." };
    private readonly Option<bool> _stats = new("--stats") { Description = "Say on standard error what it took." };
    private readonly Terminal _terminal;
    private readonly Ranks _ranks;

    private CompleteCommand(Terminal terminal, Ranks ranks) => (_terminal, _ranks) = (terminal, ranks);

    public static Command Create(Terminal terminal, Ranks ranks)
    {
        CompleteCommand self = new(terminal, ranks);
        Command command = new("complete", "Write on after a prompt; a model with an encoder reads the prompt and writes what belongs to it. Standard output gets the new text and nothing else. Under mpirun the processes share the model.");
        command.Add(self._prompt);
        self._model.AddTo(command, writes: true);
        self._sampling.AddTo(command);
        self._grammar.AddTo(command);
        self._speculation.AddTo(command);
        self._beams.AddTo(command);
        command.Add(self._promptCache);
        command.Add(self._json);
        command.Add(self._logprobs);
        command.Add(self._topLogprobs);
        command.Add(self._echo);
        command.Add(self._stats);
        command.Validators.Add(result =>
        {
            self._beams.Check(result, self._json, [self._echo, self._topLogprobs, self._promptCache, .. self._speculation.Ways]);
            if (result.GetValue(self._json)) return;
            if (result.GetValue(self._logprobs)) result.AddError("--logprobs needs --json.");
            else if (result.GetResult(self._topLogprobs) is not null) result.AddError("--top-logprobs needs --json.");
        });
        command.SetAction((line, _) => self.RunAsync(line));
        return command;
    }

    private async Task<int> RunAsync(ParseResult line)
    {
        // While the prompt is being typed, Ctrl-C ends the program as it ends any other.
        string prompt = PromptText.Read(line.GetValue(_prompt), _terminal, _ranks);
        using Interruption interruption = new(ends: _ranks.AreSeveral);
        try
        {
            using LoadedModel loaded = _model.Load(line, _terminal, interruption.Token, _ranks);
            GenerationOptions options = _sampling.Apply(line, loaded.Model.DefaultOptions, loaded.Model.Tokenizer) with
            {
                LogProbabilities = line.GetValue(_logprobs),
                TopLogProbabilities = line.GetValue(_topLogprobs) ?? 0,
                EchoPrompt = line.GetValue(_echo),
            };
            options = _grammar.Apply(line, options);
            // A source's gaps are written as their tokens.
            if (loaded.Model.Transformer.Encoder is not null && loaded.Model.Tokenizer.SentinelIds.Count > 0) options = options with { ParseSpecialTokens = true };
            if (line.GetValue(_promptCache) is { } file) OutputFile.Check(file, "--prompt-cache");
            options = _speculation.Apply(line, options, loaded.Model, loaded.Threads, out LanguageModel? draft, interruption.Token);
            using (draft) return await WriteAsync(loaded, prompt, options, line, interruption);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    private async Task<int> WriteAsync(LoadedModel loaded, string prompt, GenerationOptions options, ParseResult line, Interruption interruption)
    {
        WarnOfUnknown(loaded.Model.Tokenizer, prompt, options.ParseSpecialTokens);
        using StandardOutput standard = new(_ranks);
        ICompletionOutput output = line.GetValue(_json) ? new JsonLinesOutput(standard, loaded.Model.Tokenizer) : new PlainOutput(standard);
        Usage? usage = null;
        int tokens = 0, exitCode = ExitCodes.Ok;
        string ended = "interrupted";
        try
        {
            if (_beams.Read(line) is { } beams)
            {
                BeamResult result = await loaded.Model.SearchAsync(prompt, beams, options, cancellation: interruption.Token);
                output.Write(result);
                (usage, ended) = (result.Usage, JsonLinesOutput.NameOf(result.Hypotheses[0].FinishReason));
            }
            else
            {
                using KeptPrompt? kept = line.GetValue(_promptCache) is { } file ? new KeptPrompt(loaded.Model, file, _ranks) : null;
                await foreach (CompletionPiece piece in kept?.CompleteAsync(prompt, options, interruption.Token) ?? loaded.Model.CompleteAsync(prompt, options, interruption.Token))
                {
                    output.Write(piece);
                    if (!piece.IsPrompt) tokens += piece.TokenIds.Count;
                    usage = piece.Usage;
                    if (piece.FinishReason is { } reason) ended = JsonLinesOutput.NameOf(reason);
                }
                kept?.Save(usage!, _terminal);
            }
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            output.Stopped();
            exitCode = interruption.ExitCode;
        }
        catch (ContextOverflowException e)
        {
            throw new CommandException($"the prompt has {e.PromptTokens} tokens and the context holds {e.ContextTokens}; shorten it, or let its beginning go with --slide.");
        }
        if (options.Grammar is not null && ended != JsonLinesOutput.NameOf(FinishReason.EndToken)) _terminal.Note($"the text was cut ({ended}): it is only the beginning of one that fits.");
        if (line.GetValue(_stats)) _terminal.Write(RunReport.Of(loaded, usage, tokens, ended, _ranks.Count));
        return exitCode;
    }

    private void WarnOfUnknown(Tokenizer tokenizer, string prompt, bool parseSpecial)
    {
        if (tokenizer.UnknownId is not { } unknown) return;
        int count = tokenizer.Encode(prompt, addSpecial: false, parseSpecial).AsSpan().Count(unknown);
        if (count > 0) _terminal.Note($"the model's vocabulary cannot spell all of the prompt: {count} {(count == 1 ? "token stands" : "tokens stand")} for what it does not know.");
    }
}
