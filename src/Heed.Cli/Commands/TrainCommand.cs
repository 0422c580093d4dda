using System.CommandLine;
using System.Globalization;
using Heed.Cli.Learning;
using Heed.Cli.Options;
using Heed.Cli.Parallel;
using Heed.Distributed;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Sharding;
using Heed.Tensors;
using Heed.Tokenizers;
using Heed.Training;
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
    private readonly GridOptions _parallel = new();
    private readonly TrainingLauncher _launcher;
    private readonly Terminal _terminal;
    private readonly Ranks _ranks;

    private TrainCommand(Terminal terminal, Ranks ranks)
    {
        _ranks = ranks;
        _terminal = terminal;
        _launcher = new TrainingLauncher(terminal, ranks);
    }

    public static Command Create(Terminal terminal, Ranks ranks)
    {
        TrainCommand self = new(terminal, ranks);
        Command command = new("train", "Train a model on text. With files and a folder alone: a small model of characters.");
        self._text.AddTo(command);
        self._shape.AddTo(command);
        Option[] own = [self._tokenizer, self._validation, self._pack, self._windows, self._random];
        foreach (Option option in own) command.Add(option);
        self._objective.AddTo(command);
        self._parallel.AddTo(command);
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
        using ProcessGrid? grid = _parallel.Grid(line, _ranks);
        using RunFolder folder = _launcher.Run.Folder(line);
        _ranks.First(folder.Check);
        if (folder.Resumes) folder.RequireShared(folder.State);
        TextSource source = _text.Source(line);
        if (source.TotalBytes == 0) throw new CommandException($"{source.Files[0]}: there is no text in it.");
        (TextSource? heldOut, double fraction) = Validation(line);
        using LoadedBase? init = _shape.Init(line) is { } path ? LoadedBase.Open(path, line.GetValue(_tokenizer)) : null;
        ModelConfig config = init is null ? _shape.Config(line) : _shape.Settings(line, init.Checkpoint.Config);
        Objective objective = _objective.Of(line, config, source.Files);
        if (objective == Objective.Pairs) CheckPairs(line, source.Files);
        Tokenizer tokenizer = ChooseTokenizer(line, folder, source, init, objective, out string? tokenizerSource, interruption.Token);
        ObjectiveOptions.CheckTokenizer(objective, tokenizer);
        if (objective == Objective.Masked && !config.Bidirectional && _shape.Sets(line, nameof(ModelConfig.Bidirectional)))
            throw new CommandException("--objective masked and --set Bidirectional=false contradict each other: what fills a gap sees what stands after it.", ExitCodes.Usage);
        config = Finish(line, Halves(config, objective, init), tokenizer, init is not null);
        ObjectiveOptions.CheckLength(objective, _shape.SeqLen(line, config));
        OwnFormat.Check(config, _terminal);
        Device device = _launcher.Run.Device(line, _ranks);
        Transformer Build(ICommunicator ranks) => init is null
            ? TensorParallel.Build(config, new RandomWeights((int)(_launcher.Optimizer.Seed(line) % int.MaxValue), config.NumLayers, device), ranks, _parallel.SharesSequences(line))
            : init.LoadDense(config, device, _terminal, interruption.Token, ranks, _parallel.SharesSequences(line));
        bool isShared = grid is { Tensor.Size: > 1 };
        Transformer model = Build(isShared ? grid!.Tensor : new SingleCommunicator());
        HuggingFaceExportOptions export = ExportOptions.Of(tokenizer, SamplingSettings.Of(init?.Checkpoint, _launcher.Run.Generation(line)), _launcher.Optimizer.StoredType(line));
        TrainingRecipe recipe = init is null ? TrainingRecipe.Of(_shape.Preset(line)) : TrainingRecipe.Continuing;
        int batch = _launcher.Optimizer.Batch(line, recipe), seqLen = _shape.SeqLen(line, config);
        long steps = _launcher.Optimizer.Steps(line) ?? recipe.Steps;
        if (_parallel.SharesSequences(line) && RowLength(objective, seqLen) % grid!.Tensor.Size != 0)
            throw new CommandException($"--sequence-parallel: the rows have {RowLength(objective, seqLen)} tokens; expected a multiple of the {grid.Tensor.Size} processes that share them (--seq).");
        using TrainingData? pairs = objective == Objective.Pairs ? Pairs(line, tokenizer, config, source.Files, heldOut?.Files, fraction, batch, interruption.Token) : null;
        // What cannot be trained is refused before a model that is there is lost.
        IBatchSource planned = pairs?.Training ?? _objective.Apply(objective, line, new PlannedRows(batch, RowLength(objective, seqLen), tokenizer.VocabSize), tokenizer, seed: 0);
        Trainer.Check(config, planned, _parallel.Apply(line, _launcher.Optimizer.Build(line, recipe, steps, peakFlops: null)));
        if (objective == Objective.Masked && _launcher.Run.Prompt(line) is { } prompt) _ = new MaskSample(model, tokenizer, prompt);
        _ranks.First(() => folder.Begin(root =>
        {
            ModelFolder.Write(isShared ? Build(new SingleCommunicator()) : model, root, export, cancellation: interruption.Token);
            TokenizerFiles.Write(root, tokenizer, tokenizerSource);
        }));
        using TrainingData data = pairs ?? Text(line, objective, tokenizer, batch, seqLen, () => TrainingText.Prepare(folder, tokenizer, source, heldOut, fraction, _terminal, interruption.Token, _ranks), interruption.Token);
        if (_objective.Describe(objective, line) is { } described) _terminal.Note(described);
        return await _launcher.RunAsync(line, new Launch
        {
            Folder = folder,
            Model = model,
            Tokenizer = tokenizer,
            Training = data.Training,
            Conditions = new Dictionary<string, string> { ["Text"] = string.Create(CultureInfo.InvariantCulture, $"{source.Files.Count} files of {source.TotalBytes} bytes") },
            DataFingerprint = data.Fingerprint,
            Validation = data.Validation,
            Recipe = recipe,
            Steps = steps,
            // A run that is interrupted writes its model all the same.
            Export = (root, tensors) => ModelFolder.Write(isShared ? new Transformer(config, new ParameterWeights(tensors, device)) : model, root, export, cancellation: CancellationToken.None),
            Grid = grid,
            WholeModel = isShared ? config : null,
            Adjust = options => _parallel.Apply(line, options),
            Question = objective == Objective.Causal ? null : data.Beginning,
            TryLine = $"heed {(objective == Objective.Masked ? "fill" : "complete")} {CommandText.Quote(_launcher.Run.Prompt(line) ?? data.Beginning)} -m {CommandText.Quote(folder.Name)}",
        }, interruption);
    }

    /// <summary>What the objective asks of the model's halves.</summary>
    private static ModelConfig Halves(ModelConfig config, Objective objective, LoadedBase? init)
    {
        if (objective is not (Objective.Spans or Objective.Pairs)) return config with { Bidirectional = objective == Objective.Masked };
        if (config.Encoder is null && init is not null) throw new CommandException($"--init {init.Checkpoint.Path}: the model has no encoder, which --objective spans and pairs need.");
        return config.Encoder is null ? config.WithEncoder() : config;
    }

    private TrainingData Text(ParseResult line, Objective objective, Tokenizer tokenizer, int batch, int seqLen, Func<TrainingText> open, CancellationToken cancellation)
    {
        TrainingText text = open();
        try
        {
            RowKind rows = Rows(line, text);
            Announce(text, rows);
            seqLen = RowLength(objective, seqLen);
            ulong seed = _launcher.Optimizer.Seed(line);
            IBatchSource? validation = text.ValidationBatches(rows, batch, seqLen);
            string beginning = text.Beginning(tokenizer);
            return new TrainingData
            {
                Training = _objective.Apply(objective, line, text.Batches(rows, batch, seqLen, seed), tokenizer, seed),
                Validation = validation is null ? null : _objective.Apply(objective, line, validation, tokenizer, seed: 0),
                Fingerprint = text.Train.Fingerprint(cancellation),
                Beginning = objective switch
                {
                    Objective.Masked => MaskSample.Hide(beginning, tokenizer, ObjectiveOptions.MaskToken),
                    Objective.Spans => MaskSample.Hide(beginning, tokenizer, tokenizer.TokenText(tokenizer.SentinelIds[0])),
                    _ => beginning,
                },
                Files = text,
            };
        }
        catch
        {
            text.Dispose();
            throw;
        }
    }

    // A source has an end token besides.
    private static int RowLength(Objective objective, int seqLen) => objective == Objective.Spans ? seqLen - 1 : seqLen;

    private TrainingData Pairs(ParseResult line, Tokenizer tokenizer, ModelConfig config, IReadOnlyList<string> files, IReadOnlyList<string>? heldOut, double fraction, int batch, CancellationToken cancellation)
    {
        PairDataset Read(IReadOnlyList<string> paths)
        {
            try
            {
                return PairDataset.Encode(paths.SelectMany(PairFile.Read), tokenizer, config.Encoder!.MaxSeqLen, _shape.SeqLen(line, config), cancellation);
            }
            catch (ArgumentException e)
            {
                throw new CommandException($"{paths[0]}: {ErrorText.Of(e)}");
            }
        }
        PairDataset all = Read(files);
        (PairDataset train, PairDataset? validation) = heldOut is null ? all.Split(fraction) : (all, Read(heldOut));
        string skipped = all.SkippedCount > 0 ? string.Create(CultureInfo.InvariantCulture, $", {all.SkippedCount:N0} left out as too long or without a target") : "";
        _terminal.Note(string.Create(CultureInfo.InvariantCulture, $"pairs: {train.Count:N0} with {train.SourceTokens:N0} tokens to read and {train.TargetTokens:N0} to write, {(validation is null ? "none" : validation.Count.ToString("N0", CultureInfo.InvariantCulture))} held out{skipped}."));
        return new TrainingData
        {
            Training = new PairBatches(train, batch, _launcher.Optimizer.Seed(line)),
            Validation = validation is null ? null : new PairBatches(validation, batch, shuffleSeed: null),
            Fingerprint = train.Fingerprint(),
            Beginning = train.FirstSource,
        };
    }

    private void CheckPairs(ParseResult line, IReadOnlyList<string> files)
    {
        if (line.GetValue(_pack) || line.GetValue(_windows) || line.GetValue(_random)) throw new CommandException("--pack, --windows and --random do not go with --objective pairs: each pair is a row.");
        // Before anything is made.
        foreach (string file in files) PairFile.Read(file).FirstOrDefault();
    }

    private Tokenizer ChooseTokenizer(ParseResult line, RunFolder folder, TextSource source, LoadedBase? init, Objective objective, out string? from, CancellationToken cancellation)
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
        IEnumerable<string> texts = objective == Objective.Pairs ? source.Files.SelectMany(PairFile.Read).SelectMany(pair => new[] { pair.Source, pair.Target }) : source.ReadTexts(cancellation);
        return CharacterTokenizer.Train(texts, new CharacterTokenizerOptions { SpecialTokens = [EndOfText, .. ObjectiveOptions.SpecialsOf(objective)], Eos = EndOfText });
    }

    /// <summary>The vocabulary and dropout; a vocabulary that was set must have room for the tokenizer's.</summary>
    private ModelConfig Finish(ParseResult line, ModelConfig config, Tokenizer tokenizer, bool isLoaded)
    {
        bool isSet = isLoaded || config.VocabSize != ModelPresets.Find(_shape.Preset(line)).VocabSize;
        if (isSet && config.VocabSize < tokenizer.VocabSize)
            throw new CommandException($"VocabSize is {config.VocabSize}; the tokenizer has {tokenizer.VocabSize} tokens.");
        if (!isSet) config = config with { VocabSize = tokenizer.VocabSize };
        config = config with { Dropout = _launcher.Optimizer.Dropout(line) ?? config.Dropout };
        if (config.Encoder is { } encoder) config = config with { Encoder = encoder with { VocabSize = config.VocabSize, Dropout = _launcher.Optimizer.Dropout(line) ?? encoder.Dropout } };
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
