using System.CommandLine;
using System.Globalization;
using Heed.Cli.Learning;
using Heed.Cli.Options;
using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;
using Heed.Tensors;
using Heed.Tokenizers;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Cli.Commands;

/// <summary>heed finetune: teaches a model to answer, from dialogs.</summary>
internal sealed class FinetuneCommand
{
    private const double Epochs = 2, HeldOut = 0.05;
    private const int LongestRow = 1024;
    private readonly Argument<string> _model = new("MODEL") { Description = "The model to begin with; any that heed can load." };
    private readonly Argument<string> _dialogs = new("DIALOGS") { Description = """A .jsonl file: on each line {"messages": [{"role": "user", "content": …}, {"role": "assistant", …}]} or {"prompt": …, "response": …}.""" };
    private readonly Option<double?> _epochs = ValueOption.Number<double>("--epochs", "How often every dialog is seen; 2 if not given.", "a number above 0", value => value > 0);
    private readonly Option<int?> _seq = ValueOption.Number<int>("--seq", $"Tokens in a row, into which dialogs are packed; the model's context if not given, at most {LongestRow}.", "a whole number, 2 or more", value => value >= 2);
    private readonly Option<string?> _tokenizer = ValueOption.Text("--tokenizer", "The tokenizer's file, where the model does not bring its own.", "FILE");
    private readonly Option<string?> _validation = ValueOption.Text("--validation", "What the model is measured on: a fraction of the dialogs that is held out, 0.05 if not given, or a file of dialogs.", "PART");
    private readonly Option<bool> _skipLong = new("--skip-long") { Description = "Leave out dialogs longer than a row instead of cutting them." };
    private readonly LoraOptions _lora = new();
    private readonly TrainingLauncher _launcher;
    private readonly Terminal _terminal;

    private FinetuneCommand(Terminal terminal)
    {
        _terminal = terminal;
        _launcher = new TrainingLauncher(terminal);
    }

    public static Command Create(Terminal terminal)
    {
        FinetuneCommand self = new(terminal);
        Command command = new("finetune", "Teach a model to answer, from dialogs: all of its weights, or adapters beside them.");
        command.Add(self._model);
        command.Add(self._dialogs);
        Option[] own = [self._epochs, self._seq, self._tokenizer, self._validation, self._skipLong];
        foreach (Option option in own) command.Add(option);
        self._lora.AddTo(command);
        self._launcher.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(self._epochs) is { Implicit: false } && self._launcher.Optimizer.IsStepsGiven(result)) result.AddError("--epochs and --steps exclude each other.");
        });
        command.SetAction((line, _) => self._launcher.WatchAsync(interruption => self.TuneAsync(line, interruption)));
        return command;
    }

    private async Task<int> TuneAsync(ParseResult line, Interruption interruption)
    {
        using RunFolder folder = _launcher.Run.Folder(line);
        folder.Check();
        string path = line.GetRequiredValue(_model);
        ulong seed = _launcher.Optimizer.Seed(line);
        LoraConfig? lora = _lora.Config(line, seed);
        if (!File.Exists(line.GetRequiredValue(_dialogs))) throw new CommandException($"{line.GetRequiredValue(_dialogs)}: there is no such file.");
        using LoadedBase loaded = LoadedBase.Open(path, line.GetValue(_tokenizer));
        ModelConfig config = loaded.Checkpoint.Config;
        if (config.Bidirectional) throw new CommandException($"{path}: the model sees both ways and answers nothing; heed train --init goes on teaching it to fill gaps.");
        if (config.Encoder is not null) throw new CommandException($"{path}: the model has an encoder and holds no conversation; heed train pairs.jsonl --objective pairs --init {CommandText.Quote(path)} teaches it what to write for a source.");
        config = config with { Dropout = _launcher.Optimizer.Dropout(line) ?? 0 };
        if (lora is null) OwnFormat.Check(config, _terminal);
        int seqLen = line.GetValue(_seq) ?? Math.Min(LongestRow, config.MaxSeqLen);
        if (seqLen > config.MaxSeqLen) throw new CommandException($"--seq {seqLen} is more than the model's context of {config.MaxSeqLen} tokens.");
        (DialogDataset dialogs, DialogDataset? heldOut) = Load(line, loaded, seqLen, interruption.Token);
        Transformer model = Model(line, loaded, config, lora, interruption.Token);
        HuggingFaceExportOptions exported = ExportOptions.Of(loaded.Tokenizer, SamplingSettings.Of(loaded.Checkpoint, _launcher.Run.Generation(line)), _launcher.Optimizer.StoredType(line));
        Action<string> export = Export(model, exported, lora, path);
        TrainingRecipe recipe = TrainingRecipe.FineTuning(lora is not null);
        int batch = _launcher.Optimizer.Batch(line, recipe);
        DialogBatches batches = new(dialogs, batch, seqLen, seed);
        double epochSteps = Math.Max(1, (double)batches.RowsPerEpoch / _launcher.Optimizer.RowsPerStep(line, recipe));
        long steps = _launcher.Optimizer.Steps(line) ?? (long)Math.Ceiling((line.GetValue(_epochs) ?? Epochs) * epochSteps);
        // What cannot be trained is refused before a model that is there is lost.
        Trainer.Check(config, batches, _launcher.Optimizer.Build(line, recipe, steps, peakFlops: null));
        folder.Begin(root =>
        {
            export(root);
            if (lora is null) TokenizerFiles.Write(root, loaded.Tokenizer, loaded.TokenizerSource);
        });
        _terminal.Note(DialogText.Describe(dialogs, heldOut));
        int exitCode = await _launcher.RunAsync(line, new Launch
        {
            Folder = folder,
            Model = model,
            Tokenizer = loaded.Tokenizer,
            Training = batches,
            DataFingerprint = dialogs.Fingerprint(),
            Conditions = Conditions(line, lora),
            Validation = heldOut is null ? null : new DialogBatches(heldOut, batch, seqLen, shuffleSeed: null),
            Recipe = recipe,
            Steps = steps,
            Export = (root, _) => export(root),
            ChatFormat = loaded.ChatFormat,
            Question = dialogs.FirstQuestion,
            TryLine = TryLine(line, path, folder, lora),
        }, interruption);
        if (exitCode == ExitCodes.Ok && _lora.MergeFolder(line) is { } merged) MergedModel.Write(model, loaded, merged, _terminal);
        return exitCode;
    }

    private Dictionary<string, string> Conditions(ParseResult line, LoraConfig? lora) => lora is null ? [] : new(StringComparer.Ordinal)
    {
        ["Lora"] = string.Create(CultureInfo.InvariantCulture,
            $"rank {lora.Rank}, alpha {lora.Alpha}, dropout {lora.Dropout}, seed {lora.Seed}, {(lora.RankStabilized ? "rank-stabilized, " : "")}{string.Join(',', lora.Targets)}"),
        ["Base"] = _lora.KeepsQuantized(line) ? "as stored" : "dense",
    };

    private (DialogDataset Dialogs, DialogDataset? HeldOut) Load(ParseResult line, LoadedBase loaded, int seqLen, CancellationToken cancellation)
    {
        DialogOptions options = new() { MaxTokens = seqLen, SkipsLong = line.GetValue(_skipLong) };
        DialogDataset Read(string file) => DialogDataset.Load(file, loaded.Tokenizer, loaded.ChatFormat, options, cancellation);
        DialogDataset all = Read(line.GetRequiredValue(_dialogs));
        if (line.GetValue(_validation) is not { } part) return all.Split(HeldOut);
        if (File.Exists(part)) return (all, Read(part));
        if (double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double fraction) && fraction is >= 0 and < 1) return all.Split(fraction);
        throw new CommandException($"--validation is '{part}'; expected a number from 0 to below 1, or a file that exists.", ExitCodes.Usage);
    }

    private Transformer Model(ParseResult line, LoadedBase loaded, ModelConfig config, LoraConfig? lora, CancellationToken cancellation)
    {
        Device device = _launcher.Run.Device(line);
        if (lora is null) return loaded.LoadDense(config, device, _terminal, cancellation);
        using LoadingLine progress = new(_terminal);
        IWeightSource weights = loaded.Checkpoint.Weights(device, _lora.KeepsQuantized(line) ? WeightForm.Exact : WeightForm.Dense, progress, cancellation);
        return new Transformer(config, new LoraWeights(weights, config, lora));
    }

    private string TryLine(ParseResult line, string path, RunFolder folder, LoraConfig? lora)
    {
        if (lora is null) return $"heed chat -m {CommandText.Quote(folder.Name)}";
        string tokenizer = line.GetValue(_tokenizer) is { } file ? $" --tokenizer {CommandText.Quote(file)}" : "";
        return $"heed chat -m {CommandText.Quote(path)}{tokenizer} --adapter {CommandText.Quote(folder.Name)}";
    }

    private static Action<string> Export(Transformer model, HuggingFaceExportOptions options, LoraConfig? lora, string path)
    {
        if (lora is null) return root => ModelFolder.Write(model, root, options);
        return root => PeftAdapter.Write(model, lora, root, Path.GetFullPath(path));
    }
}
