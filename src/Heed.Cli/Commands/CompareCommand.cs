using System.CommandLine;
using System.Globalization;
using Heed.Cli.Comparing;
using Heed.Cli.Learning;
using Heed.Cli.Measuring;
using Heed.Cli.Options;
using Heed.Models;
using Heed.Tensors;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Cli.Commands;

/// <summary>heed compare: trains the same small model with each variant, on the same text in the same order, and says how well each did.</summary>
internal sealed class CompareCommand
{
    private const int DefaultSeq = 128, DefaultSteps = 300;
    private const string Page = "compare.html", Log = "compare.jsonl", Causal = "causal", Masked = "masked";
    private readonly TextOptions _text = new();
    private readonly Option<string> _out = new("--out", "-o") { Description = $"The folder for {Page}; variants that are finished in it are kept.", HelpName = "DIR", Required = true };
    private readonly Option<string[]> _variants = new("--variant")
    {
        Description = $"What to compare: {string.Join(", ", Variant.Names)} (if not given, all that go with the objective), or NAME:SETTING=VALUE,… with ModelConfig's properties.",
        HelpName = "NAME",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> _objective = ValueOption.Text("--objective", $"What is learned: {Causal} (the next token), or {Masked} (tokens that are hidden, by models that see both ways); {Causal} if not given.", "NAME");
    private readonly Option<string?> _preset = ValueOption.Text("--preset", $"The sizes of the base: {string.Join(", ", ModelPresets.Names)}; nano if not given.", "NAME");
    private readonly Option<string[]> _set = new("--set") { Description = "One of ModelConfig's properties for all variants, as in NumLayers=2; may be given several times.", HelpName = "NAME=VALUE", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _tokenizer = ValueOption.Text("--tokenizer", ComparedText.TokenizerHelp, "NAME");
    private readonly Option<int?> _seq = ValueOption.Number<int>("--seq", $"Tokens in a row; {DefaultSeq} if not given. Twice as many are tried afterwards.", "a whole number, 2 or more", value => value is >= 2 and <= 1 << 20);
    private readonly Option<int?> _batch = ValueOption.Number<int>("--batch", "Rows in a batch; by preset if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<long?> _steps = ValueOption.Number<long>("--steps", $"Steps of each; {DefaultSteps} if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<ulong?> _seed = ValueOption.Number<ulong>("--seed", "First weights and order of the rows, the same for all; 1 if not given.", "a whole number, 0 or more", _ => true);
    private readonly Option<int?> _threads = ValueOption.Number<int>("--threads", "The number of threads; all cores if not given.", "a whole number, 1 to 1024", value => value is >= 1 and <= Device.MaxThreads);
    private readonly Option<bool> _force = new("--force") { Description = "Begin again in a folder that holds variants of other settings, which are dropped." };
    private readonly Terminal _terminal;

    private CompareCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        CompareCommand self = new(terminal);
        Command command = new("compare", "Train the same small model with each variant of attention, positions and norms, with equal parameters and tokens, and write a page about them.");
        self._text.AddTo(command);
        Option[] own = [self._out, self._variants, self._objective, self._preset, self._set, self._tokenizer, self._seq, self._batch, self._steps, self._seed, self._threads, self._force];
        foreach (Option option in own) command.Add(option);
        self._preset.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !ModelPresets.Names.Contains(token.Value)) result.AddError($"--preset is '{token.Value}'; expected one of {string.Join(", ", ModelPresets.Names)}.");
        });
        self._objective.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && token.Value is not ("" or Causal or Masked)) result.AddError($"--objective is '{token.Value}'; expected {Causal} or {Masked}.");
        });
        command.SetAction((line, _) => self.RunAsync(line));
        return command;
    }

    private async Task<int> RunAsync(ParseResult line)
    {
        Variant[] named = [.. (line.GetValue(_variants) is { Length: > 0 } given ? given : [.. Variant.NamesFor(ObjectiveOf(line))]).Select(Variant.Parse)];
        string folder = line.GetRequiredValue(_out), preset = line.GetValue(_preset) ?? "nano";
        OutputFolder.Check(folder);
        Directory.CreateDirectory(folder);
        OutputFile.Check(Path.Combine(folder, Page), "--out");
        TextSource source = _text.Source(line);
        long steps = line.GetValue(_steps) ?? DefaultSteps;
        using Interruption interruption = new();
        IReadOnlyList<VariantResult> kept = [];
        int exitCode = ExitCodes.Ok;
        string[] notes = [];
        try
        {
            ComparedText text = ComparedText.Load(source, line.GetValue(_tokenizer), ObjectiveOf(line), interruption.Token);
            int seqLen = line.GetValue(_seq) ?? DefaultSeq, batch = line.GetValue(_batch) ?? TrainingRecipe.Of(preset).Batch;
            ModelConfig config = Base(line, preset, text, seqLen);
            // What is wrong with one is said before another has been trained.
            Variant[] variants = [.. named.Select(variant => variant.For(config, seqLen))];
            ModelConfig[] configs = [.. variants.Select(variant => ConfigOf(line, variant, config))];
            for (int i = 0; i < configs.Length; i++) PlannedTraining.Check($"--variant {variants[i].Name}", configs[i], text, batch, seqLen, 2 * seqLen);
            notes = Notes(line, preset, config, text, seqLen, batch);
            using RunLog<VariantResult> log = RunLog<VariantResult>.Open(Path.Combine(folder, Log), Conditions(line, preset, config, text, seqLen, batch, interruption.Token), line.GetValue(_force));
            kept = log.Runs;
            foreach (string note in notes) _terminal.Note(note);
            for (int i = 0; i < variants.Length; i++)
            {
                string settings = string.Join(", ", variants[i].Settings);
                VariantResult? known = log.Runs.FirstOrDefault(run => run.Name == variants[i].Name && run.Settings == settings && run.Parameters == configs[i].ParameterCount());
                if (known is null) log.Add(known = await TrainAsync(line, variants[i], configs[i], text, seqLen, batch, interruption.Token));
                _terminal.Note(Summary(known));
            }
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            _terminal.Note($"stopped; the page is about the {kept.Count} that were done.");
            exitCode = interruption.ExitCode;
        }
        catch (TrainingDivergedException e)
        {
            throw new CommandException(e.Message);
        }
        if (kept.Count == 0) return exitCode;
        string page = Path.Combine(folder, Page);
        ComparisonPage.Of(ObjectiveOf(line) == Objective.Masked ? "Variants compared by what they find of hidden tokens" : "Variants compared", notes, steps, kept).Write(page);
        using StandardOutput output = new();
        output.Write(page + "\n");
        return exitCode;
    }

    private Objective ObjectiveOf(ParseResult line) => line.GetValue(_objective) == Masked ? Objective.Masked : Objective.Causal;

    private ModelConfig Base(ParseResult line, string preset, ComparedText text, int seqLen)
    {
        ModelConfig config = ModelPresets.Find(preset) with { VocabSize = text.Tokenizer.VocabSize, MaxSeqLen = 2 * seqLen, Dropout = 0, Bidirectional = ObjectiveOf(line) == Objective.Masked };
        config = (line.GetValue(_set) ?? []).Aggregate(config, ModelSettings.Apply);
        MeasuredTraining.Check(ObjectiveOf(line), config, "--set");
        return config.Validate();
    }

    private ModelConfig ConfigOf(ParseResult line, Variant variant, ModelConfig config)
    {
        string name = $"--variant {variant.Name}";
        try
        {
            ModelConfig result = variant.Of(config);
            MeasuredTraining.Check(ObjectiveOf(line), result, name);
            return result;
        }
        catch (ArgumentException e)
        {
            throw new CommandException($"{name}, --objective {line.GetValue(_objective) ?? Causal}: {ErrorText.Of(e)}");
        }
    }

    private async Task<VariantResult> TrainAsync(ParseResult line, Variant variant, ModelConfig config, ComparedText text, int seqLen, int batch, CancellationToken cancellation)
    {
        TrainingRecipe recipe = TrainingRecipe.Of(line.GetValue(_preset) ?? "nano");
        MeasuredTraining training = new()
        {
            Config = config,
            Text = text,
            Objective = ObjectiveOf(line),
            Batch = batch,
            SeqLen = seqLen,
            Steps = line.GetValue(_steps) ?? DefaultSteps,
            LearningRate = recipe.LearningRate,
            Beta2 = recipe.Beta2,
            Seed = line.GetValue(_seed) ?? 1,
            Threads = line.GetValue(_threads),
            WithLongRows = true,
        };
        using RunLine progress = new(_terminal, variant.Name, training.Steps);
        TrainingOutcome outcome = await training.RunAsync(progress, cancellation);
        return new VariantResult
        {
            Name = variant.Name,
            Settings = string.Join(", ", variant.Settings),
            Parameters = config.ParameterCount(),
            Curve = [.. outcome.Losses.Chunk(VariantResult.Smoothing).Select(some => some.Average())],
            ValidationLoss = outcome.ValidationLoss,
            LongLoss = outcome.LongLoss,
            TokensPerSecond = training.Steps * batch * seqLen / outcome.Elapsed.TotalSeconds,
            StepBytes = outcome.StepBytes,
        };
    }

    /// <summary>What decides the figures of every variant, besides its own settings.</summary>
    private SortedDictionary<string, string> Conditions(ParseResult line, string preset, ModelConfig config, ComparedText text, int seqLen, int batch, CancellationToken cancellation)
    {
        static string Text<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);
        SortedDictionary<string, string> conditions = new(StringComparer.Ordinal)
        {
            ["preset"] = preset,
            ["set"] = string.Join(' ', line.GetValue(_set) ?? []),
            ["parameters"] = Text(config.ParameterCount()),
            ["steps"] = Text(line.GetValue(_steps) ?? DefaultSteps),
            ["batch"] = Text(batch),
            ["seq"] = Text(seqLen),
            ["seed"] = Text(line.GetValue(_seed) ?? 1),
            ["text"] = text.Fingerprint(cancellation),
        };
        // Folders from before there was a choice go on.
        if (ObjectiveOf(line) == Objective.Masked) conditions["objective"] = Masked;
        return conditions;
    }

    private string[] Notes(ParseResult line, string preset, ModelConfig config, ComparedText text, int seqLen, int batch)
    {
        long steps = line.GetValue(_steps) ?? DefaultSteps;
        return
        [
            string.Create(CultureInfo.InvariantCulture, $"base: {preset}, {config.ParameterCount():N0} parameters, {config.NumLayers} layers, {config.HiddenSize} wide, {config.DescribeMixer()}; the feed-forward parts of the others are as wide as makes their parameters equal."),
            string.Create(CultureInfo.InvariantCulture, $"each: {steps} steps of {batch} rows of {seqLen} tokens, {steps * batch * seqLen:N0} tokens of {text.Train.TokenCount:N0}, seed {line.GetValue(_seed) ?? 1}, in the same order; {text.Validation.TokenCount:N0} held out."),
            .. ObjectiveOf(line) == Objective.Masked ? new[] { "objective: 15 % of the tokens are hidden and to be found, by what stands before and after them; losses are those of hidden tokens. Variants for decoders alone, such as mamba, are left out." } : [],
        ];
    }

    private static string Summary(VariantResult r) => string.Create(CultureInfo.InvariantCulture,
        $"{r.Name}: validation loss {r.ValidationLoss:F4}{(r.LongLoss is { } loss ? $", at twice the length {loss:F4}" : "")}, {r.TokensPerSecond:N0} tokens/s, {r.StepBytes / (double)(1 << 20):F0} MiB a step, {r.PeakBytes / (double)(1 << 20):F0} at the peak, {r.Parameters:N0} parameters");
}
