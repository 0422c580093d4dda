using System.Globalization;
using Heed.Cli.Parallel;
using Heed.Distributed;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Cli.Learning;

/// <summary>Runs a trainer under somebody's eyes: progress, Ctrl-C, and the result at the end.</summary>
internal sealed class TrainingSession(Terminal terminal, Trainer trainer, RunFolder folder, IBatchSource? validation, Ranks? ranks = null)
{
    private const int StepsBeforeEstimate = 4;
    private const long MostFinalBatches = 400;

    /// <summary>The command line that goes on with the run.</summary>
    public required string ResumeLine { get; init; }

    /// <summary>The line that tries the model.</summary>
    public required string TryLine { get; init; }

    /// <summary>Goes on where the folder's run ends, if it is to.</summary>
    public void Resume(bool acceptChanges)
    {
        try
        {
            terminal.Note(trainer.Resume(acceptChanges)
                ? $"going on after step {trainer.Step} of {trainer.Options.Steps}."
                : $"{folder.Name} has no checkpoint yet; beginning at step 1.");
        }
        catch (ResumeException e)
        {
            throw new CommandException($"{e.Message} (--accept-changes goes on with them.)");
        }
    }

    /// <summary>Trains to the end or to a signal.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation, Func<int> interruptedCode)
    {
        try
        {
            await TrainAsync(cancellation);
            // A process that stopped in its own time would leave the others waiting.
            Conclude(AreSeveral ? CancellationToken.None : cancellation);
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested || AreSeveral)
        {
            terminal.Note(Stopped());
            terminal.Write($"  {ResumeLine}\n");
            return Agreed(interruptedCode());
        }
        catch (TrainingDivergedException e)
        {
            throw new CommandException(e.Message);
        }
        catch (ResumeException e)
        {
            throw new CommandException(e.Message);
        }
    }

    private bool AreSeveral => ranks is { AreSeveral: true };

    /// <summary>Collective: the exit code of those that got a signal, after which all have stopped at one step.</summary>
    private int Agreed(int code)
    {
        if (!AreSeveral) return code;
        Span<int> codes = [code];
        ranks!.World.AllReduce(codes, Reduction.Max);
        return codes[0] == ExitCodes.Ok ? ExitCodes.Interrupted : codes[0];
    }

    private string Stopped()
    {
        if (trainer.Step >= trainer.Options.Steps) return "training has ended; its last measurement was stopped.";
        return trainer.Step == 0 ? "stopped before the first step had ended; there is nothing to save yet. To begin again:"
            : $"stopped after step {trainer.Step} of {trainer.Options.Steps}; the run is saved. To go on:";
    }

    private async Task TrainAsync(CancellationToken cancellation)
    {
        long begun = trainer.Step;
        using ITrainingDisplay display = terminal.IsInteractive ? new LiveDisplay() : new PlainDisplay(terminal);
        await foreach (TrainingStep step in trainer.RunAsync(cancellation))
        {
            if (!terminal.IsInteractive && step.Number == begun + StepsBeforeEstimate && step.Number < step.Steps)
                terminal.Note($"it will take about {CommandText.Duration(step.TimeLeft)} at {StepText.Speed(step)} tokens/s.");
            display.Show(step);
        }
    }

    private void Conclude(CancellationToken cancellation)
    {
        using StandardOutput output = new(ranks);
        if (validation is not null)
        {
            long batches = Math.Min(MostFinalBatches, 1 + ((validation.RowsPerEpoch - 1) / validation.BatchSize));
            EvaluationResult result = Evaluation.Measure(trainer.Model, validation, batches, cancellation);
            output.Write(string.Create(CultureInfo.InvariantCulture, $"validation loss {result.Loss:F4}, perplexity {result.Perplexity:F2}, over {result.Targets:N0} tokens\n"));
        }
        output.Write($"model   {folder.Name}\n");
        if (trainer.Folder is { } written && File.Exists(written.ReportPath)) output.Write($"report  {Path.Combine(folder.Name, Path.GetFileName(written.ReportPath))}\n");
        output.Write($"try it  {TryLine}\n");
    }
}
