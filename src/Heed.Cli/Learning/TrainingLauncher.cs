using System.CommandLine;
using System.Globalization;
using Heed.Cli.Options;
using Heed.Cli.Parallel;
using Heed.Training;

namespace Heed.Cli.Learning;

/// <summary>Starts a training from its parts and the command line: what train and finetune have in common.</summary>
internal sealed class TrainingLauncher(Terminal terminal, Ranks? ranks = null)
{
    private const string StoppedEarly = "stopped before the first step.";

    public OptimizerOptions Optimizer { get; } = new();

    public RunOptions Run { get; } = new();

    public void AddTo(Command command)
    {
        Run.AddTo(command);
        Optimizer.AddTo(command);
    }

    /// <summary>Runs a command that a signal may stop at any time.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> WatchAsync(Func<Interruption, Task<int>> command)
    {
        using Interruption interruption = new();
        try
        {
            return await command(interruption);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            // Of several processes the others may be waiting for this one, and end with it.
            if (ranks is { AreSeveral: true }) throw new CommandException(StoppedEarly, interruption.ExitCode);
            terminal.Note(StoppedEarly);
            return interruption.ExitCode;
        }
    }

    /// <summary>Says what will be done, and does it.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(ParseResult line, Launch launch, Interruption interruption)
    {
        bool hasEncoder = launch.Model.Encoder is not null;
        double peak = hasEncoder ? 0 : Optimizer.PeakFlops(line) ?? PeakMeasurement.Measure(launch.Model.Device) * (launch.Grid?.World.Size ?? 1);
        TrainingOptions options = launch.Adjust(Optimizer.Build(line, launch.Recipe, launch.Steps, peak > 0 ? peak : null));
        if (launch.Validation is { } held)
        {
            long batches = 1 + ((held.RowsPerEpoch - 1) / held.BatchSize);
            options = options with { ValidationBatches = (int)Math.Min(options.ValidationBatches, batches) };
        }
        string? prompt = Run.Prompt(line) ?? launch.Question;
        Func<string> sample = launch.Model.Config.Bidirectional
            ? new MaskSample(launch.Model, launch.Tokenizer, prompt!).Write
            : new SampleWriter(launch.Model, launch.Tokenizer, prompt, Run.SampleTokens(line), launch.ChatFormat).Write;
        Trainer trainer = new(launch.Model, launch.Training, options, launch.Validation, grid: launch.Grid)
        {
            WholeModel = launch.WholeModel,
            Folder = new TrainingFolder(launch.Folder.Root, launch.Export),
            Sample = sample,
            DataFingerprint = launch.DataFingerprint,
            Conditions = launch.Conditions,
        };
        Announce(trainer, launch, options);
        TrainingSession session = new(terminal, trainer, launch.Folder, launch.Validation, ranks) { ResumeLine = (ranks is { AreSeveral: true } ? $"mpirun -n {ranks.Count} " : "") + CommandText.Resume(line), TryLine = launch.TryLine };
        launch.Folder.Release();
        if (launch.Folder.Resumes) session.Resume(Run.AcceptChanges(line));
        return await session.RunAsync(interruption.Token, () => interruption.ExitCode);
    }

    private void Announce(Trainer trainer, Launch launch, TrainingOptions options)
    {
        long learned = trainer.Parameters.Sum(parameter => (long)parameter.Value.ElementCount), all = (launch.WholeModel ?? trainer.Model.Config).ParameterCount();
        if (launch.WholeModel is not null) learned = all;
        string parameters = learned == all ? $"{Number(all)} parameters" : $"{Number(learned)} parameters to learn beside {Number(all)}";
        Models.ModelConfig config = launch.WholeModel ?? trainer.Model.Config;
        terminal.Note(string.Create(CultureInfo.InvariantCulture,
            $"model: {parameters}; {(config.Encoder is { } encoder ? $"{encoder.NumLayers} layers that read, {config.NumLayers} that write" : $"{config.NumLayers} layers")}, {config.HiddenSize} wide, {config.DescribeMixer()}, context {config.MaxSeqLen}, vocabulary {config.VocabSize}."));
        long rows = (long)launch.Training.BatchSize * options.GradientAccumulation, tokens = rows * launch.Training.SeqLen;
        double epochs = (double)options.Steps * rows / launch.Training.RowsPerEpoch;
        terminal.Note(string.Create(CultureInfo.InvariantCulture,
            $"training: {options.Steps} steps of {rows} rows of {(launch.Training.SourceLen > 0 ? "at most " : "")}{launch.Training.SeqLen} tokens: {Number(options.Steps * tokens)} tokens, {epochs:0.##} epochs; learning rate {options.LearningRate:0.#####}, seed {options.Seed}."));
        if (launch.Grid is { } grid)
            terminal.Note($"{grid.World.Size} processes: {(grid.Data.Size > 1 ? $"each batch is shared out over {grid.Data.Size}" : "all see each batch")}, {(grid.Tensor.Size > 1 ? $"the model over {grid.Tensor.Size}" : "each has the model")}.");
        if (options.PeakFlops is { } peak) terminal.Note(string.Create(CultureInfo.InvariantCulture, $"peak for the utilisation: {peak / 1e9:F0} GFLOP/s."));
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
