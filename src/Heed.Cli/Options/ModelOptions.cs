using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Heed.Cli.Parallel;
using Heed.Distributed;
using Heed.Inference;
using Heed.Models.Checkpoints;

namespace Heed.Cli.Options;

/// <summary>The options that say which model is used and how it is loaded.</summary>
internal sealed class ModelOptions
{
    /// <summary>What --repacked does.</summary>
    public const string RepackedDescription = "A file, or a folder of files, for the weights as they are multiplied: the first load writes it, the next ones map it.";

    private readonly Option<string?> _model = ValueOption.Text("--model",
        $"A GGUF file, a Hugging Face or Meta folder, or a llama2.c file; else {ModelLocator.Variable}, else the model that comes with heed.", "MODEL", "-m");
    private readonly Option<string?> _tokenizer = ValueOption.Text("--tokenizer", "The tokenizer's file, where the model does not bring its own.", "FILE");
    private readonly Option<string?> _adapter = ValueOption.Text("--adapter", "A folder with LoRA adapters for the model, as heed finetune --lora writes it.", "DIR");
    private readonly Option<int?> _threads = ValueOption.Number<int>("--threads", "The number of threads; all that the process may use if not given, under mpirun its share of them.", "a whole number, 1 to 1024", value => value is >= 1 and <= 1024);
    private readonly Option<string?> _repacked = ValueOption.Text("--repacked", RepackedDescription, "PATH");
    private readonly Option<int?> _context = ValueOption.Number<int>("--context", "The most tokens that prompt and text may have together; the model's own bound if not given.", "a whole number, 1 or more", value => value >= 1);

    private readonly Option<KvCacheType?> _cacheType = CacheTypeOption.Create();

    /// <param name="command">The command.</param>
    /// <param name="withModel">Whether --model names the model; else the command has an argument for it.</param>
    /// <param name="writes">Whether the command writes texts on, which takes a cache.</param>
    public void AddTo(Command command, bool withModel = true, bool writes = false)
    {
        Option[] all = [.. withModel ? [_model] : Array.Empty<Option>(), _tokenizer, _adapter, _threads, _context, .. writes ? [_cacheType] : Array.Empty<Option>(), _repacked];
        foreach (Option option in all) command.Add(option);
    }

    /// <summary>Where the model lies that the command line, the environment or the default names.</summary>
    public string PathOf(ParseResult line) => ModelLocator.Find(line.GetValue(_model)).Path;

    /// <summary>Finds and loads the model, or the one at <paramref name="path"/>, with remarks about it on standard error.</summary>
    public LoadedModel Load(ParseResult line, Terminal terminal, CancellationToken cancellation, string? path = null) => Load(line, terminal, cancellation, null, path);

    /// <summary>As the other one; several processes share the model's matrices.</summary>
    public LoadedModel Load(ParseResult line, Terminal terminal, CancellationToken cancellation, Ranks? ranks, string? path = null)
    {
        long start = Stopwatch.GetTimestamp();
        LocatedModel found = ModelLocator.Find(path ?? line.GetValue(_model));
        int threads = line.GetValue(_threads) ?? (ranks is { AreSeveral: true } ? ranks.Threads() : 0), context = line.GetValue(_context) ?? 0;
        if (ranks is { AreSeveral: true }) Agreement.Check(ranks.World, ("model", Agreement.OfFile(found.Path)));
        using LoadingLine progress = new(terminal);
        LanguageModel model = LanguageModel.Load(found.Path, new LoadOptions
        {
            Threads = threads,
            MaxSeqLen = context,
            TokenizerPath = line.GetValue(_tokenizer),
            CacheType = line.GetValue(_cacheType) ?? KvCacheType.F32,
            AdapterPath = line.GetValue(_adapter),
            RepackedPath = line.GetValue(_repacked),
            Ranks = ranks?.World,
            Progress = progress,
        }, cancellation);
        progress.Dispose();
        if (found.Note is { } note) terminal.Note(note);
        if (RepackedNote(model.Repacked) is { } written) terminal.Note(written);
        if (context > model.ContextLength) terminal.Note($"--context {context} is more than the model's own {model.ContextLength} tokens, which is what counts.");
        return new LoadedModel(model, Stopwatch.GetElapsedTime(start), threads > 0 ? threads : Environment.ProcessorCount);
    }

    /// <summary>What to say about the file of --repacked, or null.</summary>
    public static string? RepackedNote(RepackedWeights? repacked)
    {
        if (repacked is null or { IsMapped: true }) return null;
        string size = string.Create(CultureInfo.InvariantCulture, $"{repacked.Path} was written: {repacked.Bytes / 1048576.0:F0} MiB of repacked weights");
        return repacked.Replaced is { } reason ? $"{size}; the former file could not be used: {reason}." : $"{size}, which the next load maps.";
    }
}
