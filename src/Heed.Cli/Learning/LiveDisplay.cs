using System.Text;
using Heed.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Heed.Cli.Learning;

/// <summary>A training on a terminal: its numbers, how far it is, and its last text, always in the same place.</summary>
internal sealed class LiveDisplay : ITrainingDisplay
{
    private const int BarWidth = 40, SampleLines = 8;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private readonly StepQueue _steps = new();
    private readonly Task _work;

    public LiveDisplay()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true }) });
        _work = console.Live(new Text("the first step …")).StartAsync(RunAsync);
    }

    public void Show(TrainingStep step) => _steps.Put(step);

    /// <summary>Leaves the last state on the screen.</summary>
    public void Dispose()
    {
        _steps.End();
        _work.GetAwaiter().GetResult();
    }

    private async Task RunAsync(LiveDisplayContext context)
    {
        TrainingStep? shown = null, validation = null, sample = null;
        while (!_steps.HasEnded || _steps.HasMore)
        {
            while (_steps.TryTake(out TrainingStep? step))
            {
                shown = step;
                if (step.ValidationLoss is not null) validation = step;
                if (step.Sample is not null) sample = step;
            }
            if (shown is not null) context.UpdateTarget(Render(shown, validation, sample));
            await Task.Delay(s_pause);
        }
    }

    private static Rows Render(TrainingStep step, TrainingStep? validation, TrainingStep? sample)
    {
        Grid grid = new();
        for (int i = 0; i < 4; i++) grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(0, 0, 3, 0) });
        grid.AddRow(Cells("loss", StepText.Of(step.Loss, "F4"), "learning rate", StepText.Rate(step.LearningRate)));
        grid.AddRow(Cells("validation", validation is null ? "–" : $"{StepText.Of(validation.ValidationLoss!.Value, "F4")} (step {validation.Number})", "gradient norm", StepText.Of(step.GradientNorm, "F3")));
        grid.AddRow(Cells("tokens/s", StepText.Speed(step), "utilisation", step.Mfu is { } mfu ? StepText.Percent(mfu) : "–"));
        grid.AddRow(Cells("time", CommandText.Duration(step.Elapsed), "time left", CommandText.Duration(step.TimeLeft)));
        double part = step.Steps == 0 ? 1 : (double)step.Number / step.Steps;
        int full = (int)(part * BarWidth);
        List<IRenderable> rows = [new Text($"{new string('━', full)}{new string('─', BarWidth - full)}  step {step.Number} of {step.Steps}"), grid];
        if (sample?.Sample is { } text)
        {
            string[] lines = text.ReplaceLineEndings("\n").Split('\n');
            string kept = string.Join('\n', lines.Take(SampleLines).Select(Terminal.Clean));
            rows.Add(new Panel(new Text(kept)) { Header = new PanelHeader($" sample of step {sample.Number} "), Expand = true });
        }
        return new Rows(rows);
    }

    private static IRenderable[] Cells(params string[] texts) =>
        [.. texts.Select((text, i) => new Text(text, i % 2 == 0 ? new Style(decoration: Decoration.Dim) : Style.Plain))];

    /// <summary>Hands steps from the training's thread to the screen's, which takes the newest at its own pace.</summary>
    private sealed class StepQueue
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<TrainingStep> _steps = new();
        private int _ended;

        public bool HasEnded => Volatile.Read(ref _ended) != 0;

        public bool HasMore => !_steps.IsEmpty;

        public void Put(TrainingStep step) => _steps.Enqueue(step);

        public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TrainingStep? step) => _steps.TryDequeue(out step);

        public void End() => Volatile.Write(ref _ended, 1);
    }
}
