using System.Diagnostics;
using Heed.Training;

namespace Heed.Cli.Learning;

/// <summary>A training as lines: one every few seconds, and one for each validation, sample, and for the end.</summary>
internal sealed class PlainDisplay(Terminal terminal) : ITrainingDisplay
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);
    private long _last;

    public void Show(TrainingStep step)
    {
        bool isDue = _last == 0 || step.ValidationLoss is not null || step.Number == step.Steps || Stopwatch.GetElapsedTime(_last) >= s_pause;
        if (isDue)
        {
            _last = Stopwatch.GetTimestamp();
            terminal.Write(StepText.Line(step) + "\n");
        }
        if (step.Sample is { } sample) terminal.Write($"sample: {Terminal.Clean(sample)}\n");
    }

    public void Dispose()
    {
    }
}
