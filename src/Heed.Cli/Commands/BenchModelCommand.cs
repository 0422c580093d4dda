using System.CommandLine;
using System.Diagnostics;
using Heed.Cli.Options;
using Heed.Cli.Parallel;
using Heed.Cli.Speed;
using Heed.Distributed;
using Heed.Inference;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Models.Sharding;
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
    private readonly Option<int[]> _prompt = ValueOption.Numbers("--prompt", "The tokens of the prompt, or several numbers of them; 512 if not given.", "whole numbers, 1 or more", value => value >= 1);
    private readonly Option<int?> _tokens = ValueOption.Number<int>("--tokens", "The tokens to write on; 64 if not given, 0 for none.", "a whole number, 0 or more", value => value >= 0, "-n");
    private readonly Option<int[]> _batch = ValueOption.Numbers("--batch", "Rows that are read and written on together, or several numbers of them; 1 if not given.", "whole numbers, 1 or more", value => value >= 1);
    private readonly Option<int?> _rounds = ValueOption.Number<int>("--rounds", "How often; 5 if not given. One more round warms up.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<int[]> _threads = ValueOption.Numbers("--threads", "The number of threads, or several; all that the process may use if not given, under mpirun its share of them.", $"whole numbers, 1 to {Device.MaxThreads}", value => value is >= 1 and <= Device.MaxThreads, apart: true);
    private readonly Option<KvCacheType?> _cacheType = CacheTypeOption.Create();
    private readonly Option<bool> _exact = new("--exact") { Description = "Widen quantized weights instead of multiplying them in whole numbers." };
    private readonly Option<string?> _repacked = ValueOption.Text("--repacked", ModelOptions.RepackedDescription, "PATH");
    private readonly Option<bool> _json = new("--json") { Description = "Write a line of JSON for each line of the table." };

    private readonly Ranks _ranks;

    private BenchModelCommand(Ranks ranks) => _ranks = ranks;

    public static void AddTo(Command command, Ranks ranks)
    {
        BenchModelCommand self = new(ranks);
        command.Add(self._path);
        Option[] own = [self._synthetic, self._type, self._prompt, self._tokens, self._batch, self._rounds, self._threads, self._cacheType, self._exact, self._repacked, self._json];
        foreach (Option option in own) command.Add(option);
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
        using Interruption interruption = new(ends: _ranks.AreSeveral);
        using StandardOutput output = new(_ranks);
        bool json = line.GetValue(_json);
        try
        {
            bool first = true;
            foreach (int threads in line.GetValue(_threads) is { Length: > 0 } given ? given : [_ranks.Threads()])
                foreach (SpeedReport report in Measure(line, threads, interruption.Token))
                {
                    if (first && !json) output.Write(SpeedTable.Head(report));
                    // Measuring the machine takes memory too: later on the peak says nothing about the model.
                    output.Write(json ? (first ? report : report with { PeakMib = null }).ToJson() : SpeedTable.Row(report));
                    first = false;
                }
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    private IEnumerable<SpeedReport> Measure(ParseResult line, int threads, CancellationToken cancellation)
    {
        using Device device = Device.CreateCpu(threads);
        if (line.GetValue(_synthetic) is { } name)
        {
            ModelConfig config = SyntheticModels.Find(name)!;
            SpeedPlan plan = PlanOf(line, config);
            QuantizationRecipe.TryFind(line.GetValue(_type) ?? "q4_0", out QuantizationRecipe? recipe);
            using SyntheticWeights weights = new(config, recipe!, device);
            Transformer random = TensorParallel.Build(config, weights, _ranks.World);
            foreach ((int batch, int prompt) in plan.Cases) yield return Measure(line, $"{name}, random", recipe!.Name, random, weights.StepBytes, plan, batch, prompt, cancellation);
            yield break;
        }
        LocatedModel found = ModelLocator.Find(line.GetValue(_path));
        if (_ranks.AreSeveral) Agreement.Check(_ranks.World, ("model", Agreement.OfFile(found.Path)));
        long start = Stopwatch.GetTimestamp();
        using Checkpoint checkpoint = Checkpoint.Open(found.Path);
        SpeedPlan planned = PlanOf(line, checkpoint.Config);
        if (line.GetValue(_repacked) is { } file) checkpoint.UseRepacked(file, _ranks.AreSeveral ? (_ranks.World.Rank, _ranks.Count) : null);
        Transformer model = TensorParallel.Build(checkpoint.Config, checkpoint.Weights(device, line.GetValue(_exact) ? WeightForm.Exact : WeightForm.Fast, cancellation: cancellation), _ranks.World);
        double loaded = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        FeedOneToken(model);
        double first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (line.GetValue(_repacked) is not null) checkpoint.SaveRepacked(cancellation: cancellation);
        string fileName = Path.GetFileName(Path.TrimEndingDirectorySeparator(found.Path)), type = checkpoint.Files.Tensors.GroupBy(tensor => tensor.Type).MaxBy(group => group.Sum(tensor => tensor.ByteLength))!.Key.ToString();
        foreach ((int batch, int prompt) in planned.Cases)
            yield return Measure(line, fileName, type, model, checkpoint.StepBytes, planned, batch, prompt, cancellation) with { LoadMs = loaded, FirstTokenMs = first };
    }

    private SpeedPlan PlanOf(ParseResult line, ModelConfig config) =>
        SpeedPlan.Of(config, line.GetValue(_prompt) ?? [], line.GetValue(_batch) ?? [], line.GetValue(_tokens), CacheTypeOf(line));

    private KvCacheType CacheTypeOf(ParseResult line) => line.GetValue(_cacheType) ?? KvCacheType.F32;

    private static void FeedOneToken(Transformer model)
    {
        using TensorScope.Lease scope = TensorScope.Begin();
        using KvCache cache = model.CreateCache(maxPositions: 1);
        model.Forward([0], cache);
    }

    private SpeedReport Measure(ParseResult line, string name, string type, Transformer model, long bytes, SpeedPlan plan, int batch, int prompt, CancellationToken cancellation)
    {
        KvCacheType cacheType = CacheTypeOf(line);
        SpeedMeasurement measured = SpeedMeasurement.Measure(model, prompt, plan.NewTokens, batch, line.GetValue(_rounds) ?? 5, cacheType, cancellation);
        ModelConfig config = model.Config;
        // More threads than processors make the machine no faster, and measuring it takes longer for each.
        int threads = model.Device.Threads, processors = Math.Min(threads, Environment.ProcessorCount);
        using Process process = Process.GetCurrentProcess();
        return new SpeedReport
        {
            PeakMib = process.PeakWorkingSet64 / 1048576.0,
            Model = name,
            Type = type,
            Threads = threads,
            Ranks = _ranks.Count,
            Batch = batch,
            PromptTokens = prompt,
            NewTokens = plan.NewTokens,
            WeightBytes = bytes / _ranks.Count,
            CacheType = CacheTypeOption.NameOf(cacheType),
            CacheBytes = measured.CacheBytes,
            // The output layer sees the prompt's last token alone.
            TokenMultiplyAdds = config.ParameterCount() - ((config.TieEmbeddings ? 1L : 2L) * config.VocabSize * config.HiddenSize),
            Prefill = new SpeedSamples(measured.Prefill),
            Decode = measured.Decode.Count == 0 ? null : new SpeedSamples(measured.Decode),
            Bandwidth = MachineSpeed.ReadBandwidth(processors),
            Peak = MachineSpeed.MultiplyAddPeak(processors),
        };
    }
}
