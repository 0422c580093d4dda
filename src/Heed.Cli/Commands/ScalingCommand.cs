using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Heed.Cli.Learning;
using Heed.Cli.Measuring;
using Heed.Cli.Options;
using Heed.Cli.Scaling;
using Heed.Models;
using Heed.Tensors;
using Heed.Training;
using Heed.Training.Data;
using Heed.Training.Scaling;

namespace Heed.Cli.Commands;

/// <summary>heed scaling: trains a ladder of sizes on several numbers of tokens and fits how the loss falls.</summary>
internal sealed class ScalingCommand
{
    private const int DefaultSeq = 128, DefaultBatch = 8, EvaluationTokens = 1 << 16, Resamples = 400;
    private const float Beta2 = 0.99f;
    private const string Page = "scaling.html", Json = "scaling.json", Log = "scaling.jsonl", Letters = "as in 250K, 1.5M or 1e12";
    private static readonly string[] s_decided = [nameof(ModelConfig.HiddenSize), nameof(ModelConfig.NumLayers), nameof(ModelConfig.NumHeads)];
    private static readonly double[] s_usualTokens = [250e3, 500e3, 1e6, 2e6];
    private readonly TextOptions _text = new();
    private readonly Option<string> _out = new("--out", "-o") { Description = $"The folder for {Page}, {Json} and {Log}; runs that are finished in it are kept.", HelpName = "DIR", Required = true };
    private readonly Option<string[]> _sizes = Several("--size", $"The sizes of the models, as WIDTHxLAYERS with widths divisible by 16; {string.Join(", ", LadderSize.Usual)} if not given.", "WxL", text => LadderSize.Parse(text) is not null, "WIDTHxLAYERS, the width divisible by 16, as in 64x3");
    private readonly Option<string[]> _tokens = Several("--tokens", $"How many tokens each size is trained on; {string.Join(", ", s_usualTokens.Select(Amount.Text))} if not given.", "N", text => Amount.Parse(text) is not null, $"a number above 0, {Letters}");
    private readonly Option<string[]> _compute = Several("--compute", "How many operations are spent on each size, C: on C/6N tokens for N parameters.", "N", text => Amount.Parse(text) is not null, $"a number above 0, {Letters}");
    private readonly Option<string[]> _budget = Several("--budget", "Amounts of compute to say the best size for, besides powers of ten.", "N", text => Amount.Parse(text) is not null, $"a number above 0, {Letters}");
    private readonly Option<int?> _seeds = ValueOption.Number<int>("--seeds", "How often each is trained, from other first weights and on other rows; 1 if not given.", "a whole number, 1 to 100", value => value is >= 1 and <= 100);
    private readonly Option<string[]> _set = new("--set") { Description = "One of ModelConfig's properties for all sizes, as in Positions=Alibi; may be given several times.", HelpName = "NAME=VALUE", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _tokenizer = ValueOption.Text("--tokenizer", ComparedText.TokenizerHelp, "NAME");
    private readonly Option<int?> _seq = ValueOption.Number<int>("--seq", $"Tokens in a row; {DefaultSeq} if not given.", "a whole number, 2 or more", value => value is >= 2 and <= 1 << 20);
    private readonly Option<int?> _batch = ValueOption.Number<int>("--batch", $"Rows in a batch; {DefaultBatch} if not given.", "a whole number, 1 or more", value => value is >= 1 and <= 1 << 16);
    private readonly Option<double?> _rate = ValueOption.Number<double>("--lr", "The highest learning rate of all sizes; 0.003239 − 0.0001395·ln N if not given (Kaplan et al. 2020).", "a number above 0", value => value > 0);
    private readonly Option<int?> _threads = ValueOption.Number<int>("--threads", "The number of threads; all cores if not given.", "a whole number, 1 to 1024", value => value is >= 1 and <= Device.MaxThreads);
    private readonly Option<bool> _force = new("--force") { Description = "Begin again in a folder that holds runs under other settings, which are dropped." };
    private readonly Terminal _terminal;

    private ScalingCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        ScalingCommand self = new(terminal);
        Command command = new("scaling", "Train a ladder of model sizes on several numbers of tokens, fit how loss falls with parameters, tokens and compute, and write a page about it.");
        self._text.AddTo(command);
        Option[] own = [self._out, self._sizes, self._tokens, self._compute, self._budget, self._seeds, self._set, self._tokenizer, self._seq, self._batch, self._rate, self._threads, self._force];
        foreach (Option option in own) command.Add(option);
        command.SetAction((line, _) => self.RunAsync(line));
        return command;
    }

    private static Option<string[]> Several(string name, string description, string helpName, Func<string, bool> holds, string expected)
    {
        Option<string[]> option = new(name) { Description = description, HelpName = helpName, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true };
        option.Validators.Add(result =>
        {
            foreach (Token token in result.Tokens)
                if (!holds(token.Value)) result.AddError($"{name} is '{token.Value}'; expected {expected}.");
        });
        return option;
    }

    private async Task<int> RunAsync(ParseResult line)
    {
        string folder = line.GetRequiredValue(_out);
        OutputFolder.Check(folder);
        Directory.CreateDirectory(folder);
        foreach (string name in new[] { Page, Json }) OutputFile.Check(Path.Combine(folder, name), "--out");
        TextSource source = _text.Source(line);
        using Interruption interruption = new();
        IReadOnlyList<ScalingRun> runs = [];
        SortedDictionary<string, string> settings = new(StringComparer.Ordinal);
        List<string> notes = [];
        int exitCode = ExitCodes.Ok;
        try
        {
            ComparedText text = ComparedText.Load(source, line.GetValue(_tokenizer), Objective.Causal, interruption.Token);
            IReadOnlyList<PlannedRun> plan = Plan(line, text);
            int seqLen = line.GetValue(_seq) ?? DefaultSeq;
            foreach (IGrouping<LadderSize, PlannedRun> runsOfSize in plan.GroupBy(run => run.Size))
                PlannedTraining.Check($"--size {runsOfSize.Key}", runsOfSize.First().Config, text, line.GetValue(_batch) ?? DefaultBatch, seqLen, seqLen);
            settings = Settings(line, text, interruption.Token);
            using RunLog<ScalingRun> log = RunLog<ScalingRun>.Open(Path.Combine(folder, Log), settings, line.GetValue(_force));
            runs = log.Runs;
            PlannedRun[] left = [.. plan.Where(run => !runs.Any(known => known.Is(run)))];
            notes = Notes(line, text, plan);
            foreach (string note in notes) _terminal.Note(note);
            _terminal.Note(string.Create(CultureInfo.InvariantCulture, $"runs: {plan.Count}, {plan.Count - left.Length} of them finished before; {Amount.Text(left.Sum(run => 6.0 * run.Parameters * run.Tokens))} operations to go."));
            for (int i = 0; i < left.Length; i++)
            {
                log.Add(await TrainAsync(line, left[i], text, interruption.Token));
                _terminal.Note(Summary(log.Runs[^1], i + 1, left.Length));
            }
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            _terminal.Note($"stopped; {runs.Count} runs are kept, and the same command goes on after them.");
            exitCode = interruption.ExitCode;
        }
        catch (TrainingDivergedException e)
        {
            throw new CommandException($"{e.Message} The {runs.Count} finished runs are kept; a lower --lr takes a folder of its own.");
        }
        if (runs.Count > 0) Report(line, folder, runs, notes, settings);
        return exitCode;
    }

    private async Task<ScalingRun> TrainAsync(ParseResult line, PlannedRun run, ComparedText text, CancellationToken cancellation)
    {
        int seqLen = line.GetValue(_seq) ?? DefaultSeq;
        MeasuredTraining training = new()
        {
            Config = run.Config,
            Text = text,
            Batch = line.GetValue(_batch) ?? DefaultBatch,
            SeqLen = seqLen,
            Steps = run.Steps,
            LearningRate = line.GetValue(_rate) ?? run.KaplanRate,
            Beta2 = Beta2,
            Seed = run.Seed,
            Threads = line.GetValue(_threads),
            EvaluationBatches = Math.Max(1, EvaluationTokens / run.StepTokens),
        };
        using RunLine progress = new(_terminal, $"{run.Size} on {Amount.Text(run.Tokens)} tokens", run.Steps);
        TrainingOutcome outcome = await training.RunAsync(progress, cancellation);
        return new ScalingRun
        {
            Size = run.Size.ToString(),
            Seed = run.Seed,
            Steps = run.Steps,
            Parameters = run.Parameters,
            BodyParameters = run.BodyParameters,
            Tokens = run.Tokens,
            CountedFlops = run.CountedFlops(seqLen),
            LearningRate = training.LearningRate,
            Loss = outcome.ValidationLoss,
            Seconds = outcome.Elapsed.TotalSeconds,
        };
    }

    private IReadOnlyList<PlannedRun> Plan(ParseResult line, ComparedText text)
    {
        foreach (string setting in line.GetValue(_set) ?? [])
        {
            if (ModelSettings.NameOf(setting) is var name && s_decided.Contains(name)) throw new CommandException($"--set {name}: --size decides it; leave it out.", ExitCodes.Usage);
            if (ModelSettings.IsEncoders(setting)) throw new CommandException($"--set {setting}: the ladder's models have no encoder; they predict the next token.", ExitCodes.Usage);
        }
        int seqLen = line.GetValue(_seq) ?? DefaultSeq;
        ModelConfig config = (line.GetValue(_set) ?? []).Aggregate(
            ModelPresets.Find("nano") with { VocabSize = text.Tokenizer.VocabSize, MaxSeqLen = seqLen, NumKvHeads = null, MultipleOf = 16 }, ModelSettings.Apply);
        MeasuredTraining.Check(Objective.Causal, config, "--set");
        double[] compute = Amounts(line, _compute);
        double[] tokens = line.GetValue(_tokens) is { Length: > 0 } || compute.Length > 0 ? Amounts(line, _tokens) : s_usualTokens;
        IEnumerable<LadderSize> sizes = line.GetValue(_sizes) is { Length: > 0 } given ? given.Select(size => LadderSize.Parse(size)!.Value) : LadderSize.Usual;
        return PlannedRun.All(config, sizes, tokens, compute, line.GetValue(_seeds) ?? 1, seqLen * (line.GetValue(_batch) ?? DefaultBatch));
    }

    /// <summary>What decides the loss of every run besides its size, steps and seed.</summary>
    private SortedDictionary<string, string> Settings(ParseResult line, ComparedText text, CancellationToken cancellation) => new(StringComparer.Ordinal)
    {
        ["set"] = string.Join(' ', line.GetValue(_set) ?? []),
        ["batch"] = (line.GetValue(_batch) ?? DefaultBatch).ToString(CultureInfo.InvariantCulture),
        ["seq"] = (line.GetValue(_seq) ?? DefaultSeq).ToString(CultureInfo.InvariantCulture),
        ["lr"] = line.GetValue(_rate)?.ToString(CultureInfo.InvariantCulture) ?? "by size",
        ["text"] = text.Fingerprint(cancellation),
    };

    private List<string> Notes(ParseResult line, ComparedText text, IReadOnlyList<PlannedRun> plan)
    {
        List<string> notes =
        [
            string.Create(CultureInfo.InvariantCulture, $"text: {text.Train.TokenCount:N0} tokens, {text.Validation.TokenCount:N0} held out, a vocabulary of {text.Tokenizer.VocabSize:N0}."),
            string.Create(CultureInfo.InvariantCulture, $"each: steps of {line.GetValue(_batch) ?? DefaultBatch} rows of {line.GetValue(_seq) ?? DefaultSeq} tokens at random places, AdamW, a warm-up of a twentieth and a cosine fall to a tenth over its own steps."),
        ];
        long most = plan.Max(run => run.Tokens);
        if (most > text.Train.TokenCount) notes.Add(string.Create(CultureInfo.InvariantCulture, $"The longest run reads the text {(double)most / text.Train.TokenCount:F1} times; what is read again teaches less than new text, so D counts for less there."));
        return notes;
    }

    private void Report(ParseResult line, string folder, IReadOnlyList<ScalingRun> runs, List<string> notes, SortedDictionary<string, string> settings)
    {
        ScalingFindings findings = new(runs, Amounts(line, _budget), Resamples);
        string page = Path.Combine(folder, Page);
        ScalingPage.Of(findings, notes).Write(page);
        File.WriteAllText(Path.Combine(folder, Json), ScalingJson.Of(findings, settings));
        if (findings.Fit is { } fit)
        {
            ScalingEstimate alpha = fit.Estimate(law => law.Alpha), beta = fit.Estimate(law => law.Beta), size = fit.Estimate(law => law.SizeExponent);
            _terminal.Note(string.Create(CultureInfo.InvariantCulture, $"L(N, D) = {(fit.Law.E < 1e-9 ? 0 : fit.Law.E):G4} + {fit.Law.A:G4}/N^{alpha.Value:F3} + {fit.Law.B:G4}/D^{beta.Value:F3}; α {alpha.Low:F3} to {alpha.High:F3}, β {beta.Low:F3} to {beta.High:F3}; best N as C^{size.Value:F2} ({size.Low:F2} to {size.High:F2}); off by {fit.ResidualDeviation:P2}."));
            if (findings.Doubt is { } doubt) _terminal.Note(doubt);
        }
        else
        {
            _terminal.Note($"no law was fitted. {findings.NoFit}");
        }
        using StandardOutput output = new();
        output.Write(page + "\n");
    }

    private static double[] Amounts(ParseResult line, Option<string[]> option) => [.. (line.GetValue(option) ?? []).Select(text => Amount.Parse(text)!.Value)];

    private static string Summary(ScalingRun run, int number, int of) => string.Create(CultureInfo.InvariantCulture,
        $"{number}/{of}: {run.Size}, {run.Parameters:N0} parameters, {run.Tokens:N0} tokens, seed {run.Seed}: loss {run.Loss:F4}, {run.Tokens / run.Seconds:N0} tokens/s");
}
