using System.CommandLine;
using System.Globalization;
using Heed.Cli.Comparing;
using Heed.Cli.Learning;
using Heed.Cli.Options;
using Heed.Models;
using Heed.Tensors;
using Heed.Tokenizers;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Cli.Commands;

/// <summary>heed compare: trains the same small model with each variant, on the same text in the same order, and says how well each did.</summary>
internal sealed class CompareCommand
{
    private const double HeldOut = 0.1;
    private const int DefaultSeq = 128, DefaultSteps = 300, EvaluationBatches = 20, Smoothing = 10;
    private const string Page = "compare.html", Characters = "char";
    private readonly TextOptions _text = new();
    private readonly Option<string> _out = new("--out", "-o") { Description = $"The folder for {Page}.", HelpName = "DIR", Required = true };
    private readonly Option<string[]> _variants = new("--variant")
    {
        Description = $"What to compare: {string.Join(", ", Variant.Names)} (all of them if not given), or NAME:SETTING=VALUE,… with ModelConfig's properties.",
        HelpName = "NAME",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string?> _preset = ValueOption.Text("--preset", $"The sizes of the base: {string.Join(", ", ModelPresets.Names)}; nano if not given.", "NAME");
    private readonly Option<string[]> _set = new("--set") { Description = "One of ModelConfig's properties for all variants, as in NumLayers=2; may be given several times.", HelpName = "NAME=VALUE", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _tokenizer = ValueOption.Text("--tokenizer", $"{Characters} for a token per character (if not given), or a tokenizer's file or folder.", "NAME");
    private readonly Option<int?> _seq = ValueOption.Number<int>("--seq", $"Tokens in a row; {DefaultSeq} if not given. Twice as many are tried afterwards.", "a whole number, 2 or more", value => value is >= 2 and <= 1 << 20);
    private readonly Option<int?> _batch = ValueOption.Number<int>("--batch", "Rows in a batch; by preset if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<long?> _steps = ValueOption.Number<long>("--steps", $"Steps of each; {DefaultSteps} if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<ulong?> _seed = ValueOption.Number<ulong>("--seed", "First weights and order of the rows, the same for all; 1 if not given.", "a whole number, 0 or more", _ => true);
    private readonly Option<int?> _threads = ValueOption.Number<int>("--threads", "The number of threads; all cores if not given.", "a whole number, 1 to 1024", value => value is >= 1 and <= Device.MaxThreads);
    private readonly Terminal _terminal;

    private CompareCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        CompareCommand self = new(terminal);
        Command command = new("compare", "Train the same small model with each variant of attention, positions and norms, with equal parameters and tokens, and write a page about them.");
        self._text.AddTo(command);
        Option[] own = [self._out, self._variants, self._preset, self._set, self._tokenizer, self._seq, self._batch, self._steps, self._seed, self._threads];
        foreach (Option option in own) command.Add(option);
        self._preset.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !ModelPresets.Names.Contains(token.Value)) result.AddError($"--preset is '{token.Value}'; expected one of {string.Join(", ", ModelPresets.Names)}.");
        });
        command.SetAction((line, _) => self.RunAsync(line));
        return command;
    }

    private async Task<int> RunAsync(ParseResult line)
    {
        Variant[] named = [.. (line.GetValue(_variants) is { Length: > 0 } given ? given : [.. Variant.Names]).Select(Variant.Parse)];
        string folder = line.GetRequiredValue(_out), preset = line.GetValue(_preset) ?? "nano";
        OutputFolder.Check(folder);
        Directory.CreateDirectory(folder);
        TextSource source = _text.Source(line);
        using Interruption interruption = new();
        List<VariantResult> results = [];
        int exitCode = ExitCodes.Ok;
        string[] notes = [];
        try
        {
            Tokenizer tokenizer = ChooseTokenizer(line, source, interruption.Token);
            TextDataset data = TextDataset.Split(TokenMemory.FromSource(source, tokenizer, null, interruption.Token), HeldOut);
            int seqLen = line.GetValue(_seq) ?? DefaultSeq;
            ModelConfig config = (line.GetValue(_set) ?? []).Aggregate(ModelPresets.Find(preset) with { VocabSize = tokenizer.VocabSize, MaxSeqLen = 2 * seqLen, Dropout = 0 }, ModelSettings.Apply).Validate();
            // What is wrong with one is said before another has been trained.
            Variant[] variants = [.. named.Select(variant => variant.For(config, seqLen))];
            ModelConfig[] configs = [.. variants.Select(variant => variant.Of(config))];
            notes = Notes(line, preset, config, data, seqLen);
            foreach (string note in notes) _terminal.Note(note);
            for (int i = 0; i < variants.Length; i++)
            {
                results.Add(await TrainAsync(line, variants[i], configs[i], data, seqLen, TrainingRecipe.Of(preset), interruption.Token));
                _terminal.Note(Summary(results[^1]));
            }
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            _terminal.Note($"stopped; the page is about the {results.Count} that were done.");
            exitCode = interruption.ExitCode;
        }
        catch (TrainingDivergedException e)
        {
            throw new CommandException(e.Message);
        }
        if (results.Count == 0) return exitCode;
        string page = Path.Combine(folder, Page);
        File.WriteAllText(page, ComparisonPage.Html("Variants compared", notes, results));
        using StandardOutput output = new();
        output.Write(page + "\n");
        return exitCode;
    }

    private async Task<VariantResult> TrainAsync(ParseResult line, Variant variant, ModelConfig config, TextDataset data, int seqLen, TrainingRecipe recipe, CancellationToken cancellation)
    {
        using Device? own = line.GetValue(_threads) is { } threads ? Device.CreateCpu(threads) : null;
        ulong seed = line.GetValue(_seed) ?? 1;
        long steps = line.GetValue(_steps) ?? DefaultSteps;
        int batch = line.GetValue(_batch) ?? recipe.Batch;
        Transformer model = new(config, new RandomWeights((int)(seed % int.MaxValue), config.NumLayers, own ?? Device.Cpu));
        TrainingOptions options = new() { Steps = steps, LearningRate = recipe.LearningRate, WarmupSteps = Math.Max(1, steps / 20), Beta2 = recipe.Beta2, Seed = seed, ValidateEvery = 0, SampleEvery = 0 };
        Trainer trainer = new(model, new RandomBatches(data.Train, batch, seqLen, seed), options);
        List<double> losses = [];
        TimeSpan elapsed = default;
        await foreach (TrainingStep step in trainer.RunAsync(cancellation))
        {
            losses.Add(step.Loss);
            elapsed = step.Elapsed;
        }
        return new VariantResult
        {
            Name = variant.Name,
            Settings = string.Join(", ", variant.Settings),
            Parameters = config.ParameterCount(),
            Curve = Smooth(losses),
            ValidationLoss = Evaluate(model, data.Validation!, batch, seqLen, cancellation)!.Value,
            LongLoss = Evaluate(model, data.Validation!, batch, 2 * seqLen, cancellation),
            TokensPerSecond = steps * batch * seqLen / elapsed.TotalSeconds,
            StepBytes = trainer.StepBytes,
        };
    }

    private static double? Evaluate(Transformer model, TokenView text, int batch, int seqLen, CancellationToken cancellation)
    {
        if (text.TokenCount <= seqLen && seqLen == model.Config.MaxSeqLen) return null;
        WindowBatches batches = new(text, batch, seqLen, shuffleSeed: null);
        return Evaluation.Measure(model, batches, Math.Min(EvaluationBatches, 1 + ((batches.RowsPerEpoch - 1) / batch)), cancellation).Loss;
    }

    private Tokenizer ChooseTokenizer(ParseResult line, TextSource source, CancellationToken cancellation)
    {
        if (source.TotalBytes == 0) throw new CommandException($"{source.Files[0]}: there is no text in it.");
        return line.GetValue(_tokenizer) is null or Characters
            ? CharacterTokenizer.Train(source.ReadTexts(cancellation))
            : TokenizerFiles.Load(line.GetValue(_tokenizer)!);
    }

    private string[] Notes(ParseResult line, string preset, ModelConfig config, TextDataset data, int seqLen)
    {
        if (data.Validation is null) throw new CommandException("compare: the text is too short to hold a part of it out.");
        long steps = line.GetValue(_steps) ?? DefaultSteps;
        int batch = line.GetValue(_batch) ?? TrainingRecipe.Of(preset).Batch;
        return
        [
            string.Create(CultureInfo.InvariantCulture, $"base: {preset}, {config.ParameterCount():N0} parameters, {config.NumLayers} layers, {config.HiddenSize} wide, {config.DescribeMixer()}; the feed-forward parts of the others are as wide as makes their parameters equal."),
            string.Create(CultureInfo.InvariantCulture, $"each: {steps} steps of {batch} rows of {seqLen} tokens, {steps * batch * seqLen:N0} tokens of {data.Train.TokenCount:N0}, seed {line.GetValue(_seed) ?? 1}, in the same order; {data.Validation.TokenCount:N0} held out."),
        ];
    }

    private static string Summary(VariantResult r) => string.Create(CultureInfo.InvariantCulture,
        $"{r.Name}: validation loss {r.ValidationLoss:F4}{(r.LongLoss is { } loss ? $", at twice the length {loss:F4}" : "")}, {r.TokensPerSecond:N0} tokens/s, {r.StepBytes / (double)(1 << 20):F0} MiB a step, {r.Parameters:N0} parameters");

    private static List<(double, double)> Smooth(List<double> losses)
    {
        List<(double, double)> curve = [];
        for (int first = 0; first < losses.Count; first += Smoothing)
        {
            int count = Math.Min(Smoothing, losses.Count - first);
            curve.Add((first + count, losses.Skip(first).Take(count).Average()));
        }
        return curve;
    }
}
