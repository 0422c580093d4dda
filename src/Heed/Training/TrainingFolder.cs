using System.Globalization;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tokenizers;

namespace Heed.Training;

/// <summary>
/// The folder of a run: the model, ready for use, and under "training" what it takes to go on: checkpoints of which the
/// newest two are kept, metrics and a report. A checkpoint appears under its name only once it is whole and on the disk.
/// </summary>
public sealed class TrainingFolder
{
    private const int Kept = 2;
    private const string Prefix = "step-", Suffix = ".safetensors";
    private readonly Action<string, IReadOnlyList<Parameter>>? _export;

    /// <summary>Names the folder; it is made when something is written to it.</summary>
    /// <param name="path">Where.</param>
    /// <param name="export">
    /// Writes the model, or what is trained of it, to the folder that it is given, after every checkpoint; or null. It is also given the checkpoint's tensors, which are the
    /// whole model's (<see cref="ParameterWeights"/>) where ranks share the model.
    /// </param>
    public TrainingFolder(string path, Action<string, IReadOnlyList<Parameter>>? export = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Root = Path.GetFullPath(path);
        _export = export;
    }

    /// <summary>The folder itself.</summary>
    public string Root { get; }

    /// <summary>Where the checkpoints are.</summary>
    public string StatePath => Path.Combine(Root, "training");

    /// <summary>The metrics of every step, a JSON object a line.</summary>
    public string MetricsPath => Path.Combine(StatePath, "metrics.jsonl");

    /// <summary>The file by which a training keeps others out; it says nothing when nobody holds it.</summary>
    public string LockPath => Path.Combine(StatePath, "lock");

    /// <summary>The report, written with every checkpoint.</summary>
    public string ReportPath => Path.Combine(Root, "report.html");

    /// <summary>The newest checkpoint's file, or null.</summary>
    public string? Newest => Checkpoints().Select(found => found.Path).FirstOrDefault();

    /// <summary>A folder that becomes, with every checkpoint, a folder of the model and its tokenizer: Hugging Face's where that can say what the model is, else of Heed's own format.</summary>
    /// <param name="path">Where.</param>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer, or null for none.</param>
    /// <param name="options">Token ids for the configuration; those of the tokenizer if null.</param>
    /// <param name="whole">The whole model's configuration where ranks share it, or null.</param>
    /// <exception cref="ArgumentException">A setting of the model is no finite number, which no file can hold.</exception>
    public static TrainingFolder For(string path, Transformer model, Tokenizer? tokenizer = null, HuggingFaceExportOptions? options = null, ModelConfig? whole = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        // Not after hours of training.
        ModelFolder.Check(whole ?? model.Config);
        options ??= new HuggingFaceExportOptions { BosToken = tokenizer?.BosId, EosTokens = tokenizer?.EosId is { } eos ? [eos] : [] };
        return new TrainingFolder(path, (folder, tensors) =>
        {
            // The tokenizer first: a folder with a model is then complete.
            tokenizer?.SaveHuggingFace(folder);
            ModelFolder.Write(whole is null ? model : new Transformer(whole, new ParameterWeights(tensors, model.Device)), folder, options);
        });
    }

    /// <summary>Makes the folder and keeps others from training in it, until the result is disposed of; its file stays.</summary>
    /// <exception cref="IOException">It cannot be written to, or somebody else trains in it.</exception>
    public IDisposable Lock()
    {
        try
        {
            Directory.CreateDirectory(StatePath);
            // Deleting it would let a third process lock another file of the same name.
            return new FileStream(LockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Training cannot begin in '{Root}': {error.Message} The folder must be writable, and no other training may be running in it.", error);
        }
    }

    /// <summary>Checks that the folder's newest checkpoint is where the run stands.</summary>
    internal void CheckContinues(long step)
    {
        if (Checkpoints() is [var (found, path), ..] && found > step)
            throw new ResumeException($"RunAsync: '{path}' holds step {found}, but the run would begin after step {step}; resume from it, or train in another folder.");
    }

    /// <summary>Writes the trainer's state, with its tensors as they are without ranks, then what the folder's model is exported to, and removes what is too old.</summary>
    internal string Save(Trainer trainer, IReadOnlyList<Parameter> tensors)
    {
        TrainingState state = trainer.State;
        string path = PathOf(state.Step);
        if (!TrainingCheckpoint.IsFinite(tensors.Take(trainer.Parameters.Count)))
            throw new TrainingDivergedException(state.Step, Newest);
        try
        {
            Directory.CreateDirectory(StatePath);
            RemoveLeftovers();
            TrainingCheckpoint.Write(path, state, tensors);
            DirectorySync.Flush(StatePath);
            foreach ((_, string old) in Checkpoints().Skip(Kept)) File.Delete(old);
            _export?.Invoke(Root, tensors);
            if (File.Exists(MetricsPath)) TrainingReport.Write(ReportPath, MetricsLog.Read(MetricsPath), TrainingReport.Describe(trainer));
            return path;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Checkpoint of step {state.Step}: '{path}' could not be written with all that belongs to it: {error.Message} Of the checkpoints {Whole()}.", error);
        }
    }

    /// <summary>"'…' is whole", for errors.</summary>
    internal string Whole() => Newest is { } newest ? $"'{newest}' is whole" : "there is none before it";

    /// <summary>Reads the newest checkpoint that is whole into the tensors; null if there is none at all.</summary>
    /// <param name="tensors">What it must hold.</param>
    /// <param name="check">Sees the state before anything is read, and may refuse it.</param>
    internal TrainingState? Load(IReadOnlyList<Parameter> tensors, Action<TrainingState> check)
    {
        List<string> damaged = [], problems = [];
        foreach ((_, string path) in Checkpoints())
        {
            TrainingCheckpoint checkpoint;
            try
            {
                checkpoint = TrainingCheckpoint.Open(path);
            }
            catch (FileFormatException error)
            {
                damaged.Add(path);
                problems.Add(error.Message);
                continue;
            }
            // One that is whole is the newest, even if it turns out to be another model's.
            using (checkpoint)
            {
                check(checkpoint.State);
                checkpoint.ReadInto(tensors);
            }
            // What is damaged must not be taken for the newest one again.
            foreach (string bad in damaged) File.Move(bad, $"{bad}.damaged", overwrite: true);
            return checkpoint.State;
        }
        return problems.Count == 0 ? null : throw new FileFormatException(StatePath, $"none of the {problems.Count} checkpoints can be resumed: {string.Join("; ", problems)}");
    }

    /// <summary>Removes what a process that was ended had begun to write.</summary>
    private void RemoveLeftovers()
    {
        string[] begun =
        [
            .. Directory.GetFiles(StatePath, "*.tmp"),
            .. Directory.GetFiles(Root, "model.safetensors.*.tmp"),
            .. Directory.GetFiles(Root, "adapter_model.safetensors.*.tmp"),
            .. Directory.GetFiles(Root, "*config.json.*.tmp"),
        ];
        foreach (string file in begun) File.Delete(file);
    }

    private string PathOf(long step) => Path.Combine(StatePath, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:D8}{Suffix}"));

    /// <summary>All checkpoints by number, newest first.</summary>
    private (long Step, string Path)[] Checkpoints()
    {
        if (!Directory.Exists(StatePath)) return [];
        List<(long Step, string Path)> found = [];
        foreach (string path in Directory.EnumerateFiles(StatePath, $"{Prefix}*{Suffix}"))
        {
            string number = Path.GetFileName(path)[Prefix.Length..^Suffix.Length];
            if (long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long step)) found.Add((step, path));
        }
        return [.. found.OrderByDescending(checkpoint => checkpoint.Step)];
    }
}
