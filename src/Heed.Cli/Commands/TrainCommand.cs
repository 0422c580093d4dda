using System.CommandLine;
using System.Globalization;
using Heed.Cli.Learning;
using Heed.Cli.Options;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Tensors;
using Heed.Tokenizers;
using Heed.Training.Data;

namespace Heed.Cli.Commands;

/// <summary>heed train: makes a model from text.</summary>
internal sealed class TrainCommand
{
    private const double HeldOut = 0.1;
    private const string Characters = "char", EndOfText = "<|endoftext|>";
    private readonly TextOptions _text = new();
    private readonly ShapeOptions _shape = new();
    private readonly Option<string?> _tokenizer = ValueOption.Text("--tokenizer", $"{Characters} for a token per character (if not given), or a tokenizer's file or folder.", "NAME");
    private readonly Option<string?> _validation = ValueOption.Text("--validation", "What the model is measured on: a fraction of the text that is held out, 0.1 if not given, or a file or folder.", "PART");
    private readonly Option<bool> _pack = new("--pack") { Description = "Rows of whole documents that do not see each other; the default for several documents." };
    private readonly Option<bool> _windows = new("--windows") { Description = "Rows side by side across documents; the default for one document." };
    private readonly Option<bool> _random = new("--random") { Description = "Rows at random places." };
    private readonly ObjectiveOptions _objective = new();
    private readonly TrainingLauncher _launcher;
    private readonly Terminal _terminal;

    private TrainCommand(Terminal terminal)
    {
        _terminal = terminal;
        _launcher = new TrainingLauncher(terminal);
    }

    public static Command Create(Terminal terminal)
    {
        TrainCommand self = new(terminal);
        Command command = new("train", "Train a model on text. With files and a folder alone: a small model of characters.");
        self._text.AddTo(command);
        self._shape.AddTo(command);
        Option[] own = [self._tokenizer, self._validation, self._pack, self._windows, self._random];
        foreach (Option option in own) command.Add(option);
        self._objective.AddTo(command);
        self._launcher.AddTo(command);
        command.Validators.Add(result =>
        {
            int kinds = new[] { self._pack, self._windows, self._random }.Count(option => result.GetValue(option));
            if (kinds > 1) result.AddError("--pack, --windows and --random exclude each other.");
        });
        command.SetAction((line, _) => self._launcher.WatchAsync(interruption => self.TrainAsync(line, interruption)));
        return command;
    }

    private async Task<int> TrainAsync(ParseResult line, Interruption interruption)
    {
        using RunFolder folder = _launcher.Run.Folder(line);
        folder.Check();
        TextSource source = _text.Source(line);
        if (source.TotalBytes == 0) throw new CommandException($"{source.Files[0]}: there is no text in it.");
        (TextSource? heldOut, double fraction) = Validation(line);
        using LoadedBase? init = _shape.Init(line) is { } path ? LoadedBase.Open(path, line.GetValue(_tokenizer)) : null;
        ModelConfig config = init is null ? _shape.Config(line) : _shape.Settings(line, init.Checkpoint.Config);
        bool masked = _objective.IsMasked(line, config);
        string[] specials = masked ? [EndOfText, ObjectiveOptions.MaskToken] : [EndOfText];
        Tokenizer tokenizer = ChooseTokenizer(line, folder, source, init, specials, out string? tokenizerSource, interruption.Token);
        if (masked) ObjectiveOptions.CheckMask(tokenizer);
        config = Finish(line, config with { Bidirectional = masked }, tokenizer, init is not null);
        OwnFormat.Check(config, _terminal);
        Device device = _launcher.Run.Device(line);
        Transformer model = init is null
            ? new Transformer(config, new RandomWeights((int)(_launcher.Optimizer.Seed(line) % int.MaxValue), config.NumLayers, device))
            : init.LoadDense(config, device, _terminal, interruption.Token);
        HuggingFaceExportOptions export = ExportOptions.Of(tokenizer, SamplingSettings.Of(init?.Checkpoint, _launcher.Run.Generation(line)), _launcher.Optimizer.StoredType(line));
        folder.Begin(root =>
        {
            ModelFolder.Write(model, root, export);
            TokenizerFiles.Write(root, tokenizer, tokenizerSource);
        });
        using TrainingText text = TrainingText.Prepare(folder, tokenizer, source, heldOut, fraction, _terminal, interruption.Token);
        TrainingRecipe recipe = init is null ? TrainingRecipe.Of(_shape.Preset(line)) : TrainingRecipe.Continuing;
        RowKind rows = Rows(line, text);
        int batch = _launcher.Optimizer.Batch(line, recipe), seqLen = _shape.SeqLen(line, config);
        Announce(text, rows);
        if (masked) _terminal.Note(_objective.Describe(line));
        string beginning = masked ? MaskSample.Hide(text.Beginning(tokenizer), tokenizer) : text.Beginning(tokenizer);
        IBatchSource training = text.Batches(rows, batch, seqLen, _launcher.Optimizer.Seed(line));
        IBatchSource? validation = text.ValidationBatches(rows, batch, seqLen);
        return await _launcher.RunAsync(line, new Launch
        {
            Folder = folder,
            Model = model,
            Tokenizer = tokenizer,
            Training = masked ? _objective.Mask(line, training, tokenizer, _launcher.Optimizer.Seed(line)) : training,
            Conditions = new Dictionary<string, string> { ["Text"] = string.Create(CultureInfo.InvariantCulture, $"{source.Files.Count} files of {source.TotalBytes} bytes") },
            DataFingerprint = text.Train.Fingerprint(interruption.Token),
            Validation = masked && validation is not null ? _objective.Mask(line, validation, tokenizer, seed: 0) : validation,
            Recipe = recipe,
            Steps = _launcher.Optimizer.Steps(line) ?? recipe.Steps,
            Export = root => ModelFolder.Write(model, root, export),
            Question = masked ? beginning : null,
            TryLine = $"heed {(masked ? "fill" : "complete")} {CommandText.Quote(_launcher.Run.Prompt(line) ?? beginning)} -m {CommandText.Quote(folder.Name)}",
        }, interruption);
    }

    private Tokenizer ChooseTokenizer(ParseResult line, RunFolder folder, TextSource source, LoadedBase? init, string[] specials, out string? from, CancellationToken cancellation)
    {
        from = folder.Root;
        if (folder.Resumes) return Tokenizer.Load(folder.Root);
        from = init?.TokenizerSource;
        if (init is not null) return init.Tokenizer;
        if (line.GetValue(_tokenizer) is not (null or Characters))
        {
            from = line.GetValue(_tokenizer)!;
            return TokenizerFiles.Load(from);
        }
        return CharacterTokenizer.Train(source.ReadTexts(cancellation), new CharacterTokenizerOptions { SpecialTokens = specials, Eos = EndOfText });
    }

    /// <summary>The vocabulary and dropout; a vocabulary that was set must have room for the tokenizer's.</summary>
    private ModelConfig Finish(ParseResult line, ModelConfig config, Tokenizer tokenizer, bool isLoaded)
    {
        bool isSet = isLoaded || config.VocabSize != ModelPresets.Find(_shape.Preset(line)).VocabSize;
        if (isSet && config.VocabSize < tokenizer.VocabSize)
            throw new CommandException($"VocabSize is {config.VocabSize}; the tokenizer has {tokenizer.VocabSize} tokens.");
        if (!isSet) config = config with { VocabSize = tokenizer.VocabSize };
        config = config with { Dropout = _launcher.Optimizer.Dropout(line) ?? config.Dropout };
        int seqLen = _shape.SeqLen(line, config);
        if (seqLen > config.MaxSeqLen) throw new CommandException($"--seq {seqLen} is more than the model's context of {config.MaxSeqLen} tokens; --set MaxSeqLen={seqLen} makes that longer.");
        return config.Validate();
    }

    private (TextSource? Held, double Fraction) Validation(ParseResult line)
    {
        if (line.GetValue(_validation) is not { } part) return (null, HeldOut);
        if (Path.Exists(part)) return (_text.Source(line, part), 0);
        if (double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double fraction) && fraction is >= 0 and < 1) return (null, fraction);
        throw new CommandException($"--validation is '{part}'; expected a number from 0 to below 1, or a file or folder that exists.", ExitCodes.Usage);
    }

    private RowKind Rows(ParseResult line, TrainingText text) =>
        line.GetValue(_pack) ? RowKind.Packed : line.GetValue(_windows) ? RowKind.Windows : line.GetValue(_random) ? RowKind.Random : text.DefaultRows;

    private void Announce(TrainingText text, RowKind rows)
    {
        string held = text.Validation is { } view ? string.Create(CultureInfo.InvariantCulture, $"{view.TokenCount:N0} held out") : "none held out";
        string how = rows switch { RowKind.Packed => "whole documents packed into rows", RowKind.Random => "rows at random places", _ => "rows side by side" };
        _terminal.Note(string.Create(CultureInfo.InvariantCulture, $"text: {text.Train.TokenCount:N0} tokens in {text.Train.DocumentCount:N0} {(text.Train.DocumentCount == 1 ? "document" : "documents")}, {held}; {how}."));
    }
}
