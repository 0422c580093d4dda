using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Heed.Cli.Options;
using Heed.Cli.Speed;
using Heed.Inference;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Cli.Commands;

/// <summary>heed bench MODEL: how fast a model reads a prompt and writes on.</summary>
internal sealed class BenchModelCommand
{
    private readonly Argument<string?> _path = new("MODEL")
    {
        Description = $"A model's file or folder; else {ModelLocator.Variable}, else the model that comes with heed.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string?> _synthetic = ValueOption.Text("--synthetic", $"Random weights in a well-known shape instead of a file: {string.Join(", ", SyntheticModels.Names)}.", "NAME");
    private readonly Option<string?> _type = ValueOption.Text("--type", "With --synthetic: the weights' type, as heed quantize names it; q4_0 if not given.", "TYPE");
    private readonly Option<int?> _prompt = Count("--prompt", "The tokens of the prompt; 512 if not given.");
    private readonly Option<int?> _tokens = ValueOption.Number<int>("--tokens", "The tokens to write on; 64 if not given, 0 for none.", "a whole number, 0 or more", value => value >= 0, "-n");
    private readonly Option<int?> _batch = Count("--batch", "Rows that are read and written on together; 1 if not given.");
    private readonly Option<int?> _rounds = Count("--rounds", "How often; 5 if not given. One more round warms up.");
    private readonly Option<int[]> _threads = new("--threads") { Description = "The numbers of threads to measure with; all cores if not given.", HelpName = "N", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true };
    private readonly Option<KvCacheType?> _cacheType = CacheTypeOption.Create();
    private readonly Option<bool> _exact = new("--exact") { Description = "Widen quantized weights instead of multiplying them in whole numbers." };
    private readonly Option<string?> _repacked = ValueOption.Text("--repacked", ModelOptions.RepackedDescription, "PATH");
    private readonly Option<bool> _json = new("--json") { Description = "Write a line of JSON for each number of threads." };

    public static void AddTo(Command command)
    {
        BenchModelCommand self = new();
        command.Add(self._path);
        Option[] own = [self._synthetic, self._type, self._prompt, self._tokens, self._batch, self._rounds, self._threads, self._cacheType, self._exact, self._repacked, self._json];
        foreach (Option option in own) command.Add(option);
        self._threads.Validators.Add(result =>
        {
            foreach (System.CommandLine.Parsing.Token token in result.Tokens)
                if (!int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int value) || value is < 1 or > Device.MaxThreads)
                    result.AddError($"--threads is '{token.Value}'; expected whole numbers, 1 to {Device.MaxThreads}.");
        });
        self._synthetic.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && SyntheticModels.Find(token.Value) is null) result.AddError($"--synthetic is '{token.Value}'; expected {string.Join(", ", SyntheticModels.Names)}.");
        });
        self._type.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !QuantizationRecipe.TryFind(token.Value, out _)) result.AddError($"--type is '{token.Value}'; expected {string.Join(", ", QuantizationRecipe.All)}.");
        });
        command.Validators.Add(result =>
        {
            if (result.GetValue(self._synthetic) is null && result.GetValue(self._type) is not null) result.AddError("--type needs --synthetic.");
            if (result.GetValue(self._synthetic) is not null && result.GetValue(self._path) is not null) result.AddError("--synthetic and a MODEL contradict each other.");
            if (result.GetValue(self._repacked) is not null && (result.GetValue(self._exact) || result.GetValue(self._synthetic) is not null)) result.AddError("--repacked needs a MODEL, and goes without --exact.");
        });
        command.SetAction(self.Run);
    }

    private int Run(ParseResult line)
    {
        using Interruption interruption = new();
        using StandardOutput output = new();
        bool json = line.GetValue(_json);
        try
        {
            int[] threads = line.GetValue(_threads) is { Length: > 0 } given ? given : [Environment.ProcessorCount];
            foreach (int count in threads)
            {
                // Measuring the machine takes memory too: later on the peak says nothing about the model.
                SpeedReport report = Measure(line, count, interruption.Token);
                if (count != threads[0]) report = report with { PeakMib = null };
                else if (!json) output.Write(Head(report));
                output.Write(json ? report.ToJson() : Row(report));
            }
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    private SpeedReport Measure(ParseResult line, int threads, CancellationToken cancellation)
    {
        using Device device = Device.CreateCpu(threads);
        int prompt = line.GetValue(_prompt) ?? 512, tokens = line.GetValue(_tokens) ?? 64;
        if (line.GetValue(_synthetic) is { } name)
        {
            ModelConfig config = SyntheticModels.Find(name)!;
            QuantizationRecipe.TryFind(line.GetValue(_type) ?? "q4_0", out QuantizationRecipe? recipe);
            using SyntheticWeights weights = new(config, recipe!, device);
            return Measure(line, $"{name}, random", recipe!.Name, new Transformer(config, weights), weights.StepBytes, prompt, tokens, threads, cancellation);
        }
        LocatedModel found = ModelLocator.Find(line.GetValue(_path));
        long start = Stopwatch.GetTimestamp();
        using Checkpoint checkpoint = Checkpoint.Open(found.Path);
        if (line.GetValue(_repacked) is { } file) checkpoint.UseRepacked(file);
        Transformer model = new(checkpoint.Config, checkpoint.Weights(device, line.GetValue(_exact) ? WeightForm.Exact : WeightForm.Fast, cancellation: cancellation));
        double loaded = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        FeedOneToken(model);
        double first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (line.GetValue(_repacked) is not null) checkpoint.SaveRepacked(cancellation: cancellation);
        string type = checkpoint.Files.Tensors.MaxBy(tensor => tensor.ByteLength)!.Type.ToString();
        // A short context bounds what can be measured; there is no sense in failing for the defaults.
        if (line.GetValue(_prompt) is null) prompt = Math.Min(prompt, Math.Max(1, model.Config.MaxSeqLen / 2));
        if (line.GetValue(_tokens) is null) tokens = Math.Min(tokens, Math.Max(0, model.Config.MaxSeqLen - prompt));
        SpeedReport report = Measure(line, Path.GetFileName(Path.TrimEndingDirectorySeparator(found.Path)), type, model, checkpoint.StepBytes, prompt, tokens, threads, cancellation);
        return report with { LoadMs = loaded, FirstTokenMs = first };
    }

    private static void FeedOneToken(Transformer model)
    {
        using TensorScope.Lease scope = TensorScope.Begin();
        using KvCache cache = model.CreateCache(maxPositions: 1);
        model.Forward([0], cache);
    }

    private SpeedReport Measure(ParseResult line, string name, string type, Transformer model, long bytes, int prompt, int tokens, int threads, CancellationToken cancellation)
    {
        int batch = line.GetValue(_batch) ?? 1;
        KvCacheType cacheType = line.GetValue(_cacheType) ?? KvCacheType.F32;
        if ((long)prompt + tokens > model.Config.MaxSeqLen)
            throw new CommandException($"a prompt of {prompt} tokens and {tokens} more are beyond the model's {model.Config.MaxSeqLen}; give less with --prompt and --tokens.");
        SpeedMeasurement measured = SpeedMeasurement.Measure(model, prompt, tokens, batch, line.GetValue(_rounds) ?? 5, cacheType, cancellation);
        ModelConfig config = model.Config;
        using Process process = Process.GetCurrentProcess();
        return new SpeedReport
        {
            PeakMib = process.PeakWorkingSet64 / 1048576.0,
            Model = name,
            Type = type,
            Threads = threads,
            Batch = batch,
            PromptTokens = prompt,
            NewTokens = tokens,
            WeightBytes = bytes,
            CacheType = CacheTypeOption.NameOf(cacheType),
            CacheBytes = measured.CacheBytes,
            // The output layer sees the prompt's last token alone.
            TokenMultiplyAdds = config.ParameterCount() - ((config.TieEmbeddings ? 1L : 2L) * config.VocabSize * config.HiddenSize),
            Prefill = new SpeedSamples(measured.Prefill),
            Decode = measured.Decode.Count == 0 ? null : new SpeedSamples(measured.Decode),
            Bandwidth = MachineSpeed.ReadBandwidth(threads),
            Peak = MachineSpeed.MultiplyAddPeak(threads),
        };
    }

    private static string Head(SpeedReport report) => string.Create(CultureInfo.InvariantCulture,
        $"{report.Model}, {report.Type}: {report.WeightBytes / 1048576.0:F0} MiB read for a token; cache {report.CacheBytes / 1048576.0:F0} MiB ({report.CacheType}); {report.Batch} row(s), prompt {report.PromptTokens}, {report.NewTokens} new tokens.\n")
        + (report.LoadMs is { } load ? string.Create(CultureInfo.InvariantCulture, $"Loaded in {load:F0} ms, the first token's logits after {report.FirstTokenMs:F0} ms. ") : "")
        + string.Create(CultureInfo.InvariantCulture, $"Memory: {report.PeakMib:F0} MiB at most, of files what was touched.\n")
        + "Tokens/s: median (least–greatest). Shares: of float32's peak, of the read bandwidth, both measured now.\n\n"
        + $"{"threads",7}{"prompt",26}{"of peak",10}{"writing on",26}{"of reading",12}\n";

    private static string Row(SpeedReport report) => string.Create(CultureInfo.InvariantCulture,
        $"{report.Threads,7}{report.Prefill,26}{report.PeakShare,10:P0}{report.Decode?.ToString() ?? "–",26}{(report.BandwidthShare is { } share ? share.ToString("P0", CultureInfo.InvariantCulture) : "–"),12}\n");

    private static Option<int?> Count(string name, string description) => ValueOption.Number<int>(name, description, "a whole number, 1 or more", value => value >= 1);
}
