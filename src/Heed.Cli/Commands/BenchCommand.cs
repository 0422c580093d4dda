using System.CommandLine;
using System.Globalization;
using Heed.Cli.Options;
using Heed.Cli.Parallel;
using Heed.Tensors;

namespace Heed.Cli.Commands;

/// <summary>heed bench attention: what tiled attention computes and moves against the standard form.</summary>
internal sealed class BenchCommand
{
    private const double Mebi = 1 << 20;
    private const int LongestStandard = 4096;
    private readonly Option<int[]> _tokens = ValueOption.Numbers("--tokens", "The lengths to measure; 512,1024,2048 if not given.", "whole numbers, 1 or more", value => value >= 1, apart: true);
    private readonly Option<int?> _heads = ValueOption.Number<int>("--heads", "The number of heads; 12 if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<int?> _headDim = ValueOption.Number<int>("--head-dim", "The size of a head; 64 if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<int?> _repeats = ValueOption.Number<int>("--repeats", "How often each pass is timed; the fastest counts. 3 if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<int?> _threads = ValueOption.Number<int>("--threads", "The number of threads; all cores if not given.", "a whole number, 1 to 1024", value => value is >= 1 and <= Device.MaxThreads);

    public static Command Create(Ranks ranks)
    {
        BenchCommand self = new();
        Command attention = new("attention", "Attention forward and backward: products and bytes of the tiled form against the standard one, predicted and measured, and times.");
        Option[] own = [self._tokens, self._heads, self._headDim, self._repeats, self._threads];
        foreach (Option option in own) attention.Add(option);
        attention.SetAction(self.Run);
        Command command = new("bench", "Measure how fast a model reads and writes on this machine; or, with a command, one part of it. Under mpirun the processes share the model.");
        BenchModelCommand.AddTo(command, ranks);
        command.Add(attention);
        return command;
    }

    private int Run(ParseResult line)
    {
        int heads = line.GetValue(_heads) ?? 12, headDim = line.GetValue(_headDim) ?? 64, threads = line.GetValue(_threads) ?? Environment.ProcessorCount;
        int[] lengths = line.GetValue(_tokens) is { Length: > 0 } given ? given : [512, 1024, 2048];
        using Interruption interruption = new();
        using StandardOutput output = new();
        output.Write(string.Create(CultureInfo.InvariantCulture, $"Attention forward and backward, {heads} heads of {headDim}, every query sees every key, {threads} threads.\n"));
        output.Write("GFLOP: two for each multiply-add of the products. MiB: moved between a working tile and memory; kept: from forward to backward.\n\n");
        output.Write($"{"",8}{"GFLOP",32}{"MiB moved",34}{"MiB kept",20}{"ms",34}\n");
        output.Write($"{"tokens",8}{"standard",10}{"tiled",9}{"counted",9}{"ratio",7}{"standard",11}{"tiled",11}{"counted",11}{"standard",11}{"tiled",9}{"forward",10}{"backward",10}{"both",9}{"standard",10}\n");
        try
        {
            foreach (int tokens in lengths)
                output.Write(Row(AttentionMeasurement.Measure(heads, headDim, tokens, threads, line.GetValue(_repeats) ?? 3, tokens <= LongestStandard, interruption.Token)));
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    private static string Row(AttentionMeasurement m) => string.Create(CultureInfo.InvariantCulture,
        $"{m.Tokens,8}{Giga(m.StandardMultiplyAdds),10:F2}{Giga(m.PredictedMultiplyAdds),9:F2}{Giga(m.MultiplyAdds),9:F2}{(double)m.MultiplyAdds / m.StandardMultiplyAdds,7:F4}"
        + $"{m.StandardBytes / Mebi,11:F1}{m.PredictedBytes / Mebi,11:F1}{m.Bytes / Mebi,11:F1}{m.StandardKeptBytes / Mebi,11:F1}{m.KeptBytes / Mebi,9:F2}"
        + $"{m.Forward.TotalMilliseconds,10:F1}{m.Backward.TotalMilliseconds,10:F1}{(m.Forward + m.Backward).TotalMilliseconds,9:F1}{(m.Standard is { } time ? time.TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture) : "–"),10}\n");

    private static double Giga(long multiplyAdds) => 2e-9 * multiplyAdds;
}
