using System.CommandLine;
using System.Globalization;
using Heed.Cli.Measuring;
using Heed.Cli.Options;
using Heed.Tensors;

namespace Heed.Cli.Commands;

/// <summary>heed attention: what each way of mixing a sequence costs, and how that grows with its length.</summary>
internal sealed class AttentionCommand
{
    private const double Mebi = 1 << 20;
    private const string All = "all", Grouped = "gqa";
    private const int FewestLengths = 4;

    // Heads of gqa that share keys and values.
    private const int GroupSize = 4;

    private static readonly IReadOnlyList<(string Name, MixingKind Kind)> s_kinds =
    [
        ("mha", MixingKind.MultiHead), ("mqa", MixingKind.MultiQuery), (Grouped, MixingKind.GroupedQuery), ("cross", MixingKind.Cross), ("hard", MixingKind.Hard),
        ("local", MixingKind.Local), ("sliding", MixingKind.Sliding), ("longformer", MixingKind.Longformer), ("bigbird", MixingKind.BigBird), ("top-k", MixingKind.TopK), ("sinks", MixingKind.Sinks),
        ("linformer", MixingKind.Linformer), ("aft-full", MixingKind.AftFull), ("aft-local", MixingKind.AftLocal), ("aft-simple", MixingKind.AftSimple), ("mamba", MixingKind.Mamba),
    ];

    private readonly Option<string[]> _kinds = new("--kind") { Description = $"What to measure: {All} (if not given), {string.Join(", ", s_kinds.Select(kind => kind.Name))}.", HelpName = "NAME", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _lengths = ValueOption.Text("--seq", "The lengths: one, several with commas, or from..to, doubling; 512..4096 if not given.", "N");
    private readonly Option<int?> _heads = ValueOption.Number<int>("--heads", "The number of heads; 4 if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<int?> _headDim = ValueOption.Number<int>("--head-dim", "The size of a head; 64 if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<int?> _repeats = ValueOption.Number<int>("--repeats", "How often each pass is timed; the fastest counts. 3 if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<int?> _threads = ValueOption.Number<int>("--threads", "The number of threads; all cores if not given.", "a whole number, 1 to 1024", value => value is >= 1 and <= Device.MaxThreads);
    private readonly Option<string?> _plot = ValueOption.Text("--plot", "Where to draw times, work, moved bytes and memory over the lengths, forward and backward, as SVG.", "FILE");

    public static Command Create()
    {
        AttentionCommand self = new();
        Command command = new("attention", "Measure attention and what stands in its place, forward and backward: time, work, bytes and memory, predicted and measured, and how they grow.");
        Option[] own = [self._kinds, self._lengths, self._heads, self._headDim, self._repeats, self._threads, self._plot];
        foreach (Option option in own) command.Add(option);
        self._kinds.Validators.Add(result =>
        {
            foreach (System.CommandLine.Parsing.Token token in result.Tokens)
                if (token.Value != All && !s_kinds.Any(kind => kind.Name == token.Value)) result.AddError($"--kind is '{token.Value}'; expected {All} or {string.Join(", ", s_kinds.Select(kind => kind.Name))}.");
        });
        self._lengths.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && Lengths(token.Value) is null) result.AddError($"--seq is '{token.Value}'; expected whole numbers of 1 or more, as in 1024, 512,1024 or 512..8192.");
        });
        command.SetAction(self.Run);
        return command;
    }

    private int Run(ParseResult line)
    {
        string[] names = line.GetValue(_kinds) is { Length: > 0 } given && !given.Contains(All) ? given : [.. s_kinds.Select(kind => kind.Name)];
        int[] lengths = Lengths(line.GetValue(_lengths) ?? "512..4096")!;
        int heads = line.GetValue(_heads) ?? 4, headDim = line.GetValue(_headDim) ?? 64, threads = line.GetValue(_threads) ?? Environment.ProcessorCount;
        if (line.GetValue(_plot) is { } plot) OutputFile.Check(plot, "--plot");
        bool leavesOut = heads % GroupSize != 0 && names.Contains(Grouped);
        if (leavesOut && line.GetValue(_kinds) is { } asked && asked.Contains(Grouped))
            throw new CommandException($"--kind {Grouped}: got {heads} heads; expected --heads divisible by {GroupSize}, which share keys and values.");
        if (leavesOut) names = [.. names.Where(name => name != Grouped)];
        using Interruption interruption = new();
        using StandardOutput output = new();
        if (line.GetValue(_repeats) == 1 && lengths.Length > 1) output.Write("Each pass is timed once, so that the powers fitted to times mean little.\n");
        if (leavesOut) output.Write(string.Create(CultureInfo.InvariantCulture, $"{Grouped} is left out: its {GroupSize} heads for each of keys and values do not divide {heads}.\n"));
        output.Write(string.Create(CultureInfo.InvariantCulture, $"One sequence, {heads} heads of {headDim}, not causal but for sliding and mamba, {threads} threads. GFLOP: two for each multiply-add.\n"));
        output.Write("Counted and moved: by the attention kernels, in whole tiles and between a working tile and memory; aft and mamba are predicted only.\n");
        output.Write("Memory: tensors besides the inputs, at most until the pass ends (predicted for both passes), and the kernels' own.\n\n");
        output.Write($"{"",-28}{"",9}{"GFLOP",20}{"moved, MiB",20}{"memory, MiB",29}\n");
        output.Write($"{"kind",-11}{"tokens",7}{"pass",10}{"ms",9}{"predicted",11}{"counted",9}{"predicted",11}{"counted",9}{"predicted",11}{"measured",9}{"kernels",9}\n");
        List<MixingMeasurement> all = [];
        try
        {
            foreach ((string name, MixingKind kind) in s_kinds.Where(kind => names.Contains(kind.Name)))
            {
                foreach (int length in lengths)
                {
                    MixingMeasurement measured = MixingMeasurement.Measure(kind, length, heads, headDim, threads, line.GetValue(_repeats) ?? 3, interruption.Token);
                    all.Add(measured);
                    output.Write(Row(name, measured));
                }
            }
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new CommandException(e.Message);
        }
        if (lengths.Length > 1) output.Write(Growth(all));
        if (line.GetValue(_plot) is { } file) File.WriteAllText(file, MixingCharts.Svg(s_kinds, all));
        return ExitCodes.Ok;
    }

    private static string Row(string name, MixingMeasurement m)
    {
        static string Part(double value, int width, string format) => (value == 0 ? "–" : value.ToString(format, CultureInfo.InvariantCulture)).PadLeft(width);
        static string Pass(string name, MixingPass pass) => name.PadLeft(10) + Part(pass.Time.TotalMilliseconds, 9, "F2")
            + Part(2e-9 * pass.PredictedMultiplyAdds, 11, "F3") + Part(2e-9 * pass.MultiplyAdds, 9, "F3")
            + Part(pass.PredictedMovedBytes / Mebi, 11, "F1") + Part(pass.MovedBytes / Mebi, 9, "F1");
        return string.Create(CultureInfo.InvariantCulture, $"{name,-11}{m.Tokens,7}{Pass("forward", m.Forward)}{"",11}{m.Forward.Bytes / Mebi,9:F1}\n")
            + string.Create(CultureInfo.InvariantCulture, $"{"",18}{Pass("backward", m.Backward)}{m.PredictedBytes / Mebi,11:F1}{m.Backward.Bytes / Mebi,9:F1}{m.ScratchBytes / Mebi,9:F1}\n");
    }

    private static string Growth(List<MixingMeasurement> all)
    {
        static string Fit(IEnumerable<(double Length, double Value)> points) => GrowthFit.Exponent([.. points]).ToString("F2", CultureInfo.InvariantCulture);
        string text = $"\nGrowth, as a power of the length:\n{"",-11}{"time",18}{"memory",18}\n{"kind",-11}{"expected",10}{"fitted",8}{"expected",10}{"fitted",8}\n";
        foreach ((string name, MixingKind kind) in s_kinds)
        {
            MixingMeasurement[] own = [.. all.Where(measured => measured.Kind == kind)];
            if (own.Length < 2) continue;
            text += $"{name,-11}{MixingMeasurement.ExpectedPower(kind),10}{Fit(own.Select(m => ((double)m.Tokens, (m.Forward.Time + m.Backward.Time).TotalSeconds))),8}"
                + $"{MixingMeasurement.ExpectedMemoryPower,10}{Fit(own.Select(m => ((double)m.Tokens, (double)m.Bytes))),8}\n";
        }
        return text + (all.Select(measured => measured.Tokens).Distinct().Count() < FewestLengths ? $"Fitted to fewer than {FewestLengths} lengths, which means little.\n" : "");
    }

    /// <summary>The lengths of a text; null where it is none.</summary>
    internal static int[]? Lengths(string text)
    {
        static bool Parse(string part, out int value) => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= 1;
        if (text.Split("..") is [var first, var last])
        {
            if (!Parse(first, out int from) || !Parse(last, out int to) || from > to) return null;
            List<int> lengths = [];
            for (long length = from; length <= to; length *= 2) lengths.Add((int)length);
            return [.. lengths];
        }
        string[] parts = text.Split(',');
        int[] values = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
            if (!Parse(parts[i], out values[i])) return null;
        return [.. values.Distinct().Order()];
    }
}
