using Heed.Formats;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>
/// A model on disk: what it is and its weights, memory-mapped and checked. <see cref="Open"/> finds out the format by itself.
/// </summary>
/// <remarks>
/// Disposing it unmaps the files and frees the weights: models built from <see cref="Weights"/> must not be used any more,
/// except those that were asked for as dense.
/// </remarks>
public sealed class Checkpoint : IDisposable
{
    private readonly CheckpointPlan _plan;
    private readonly string _folder;
    private readonly List<LinearWeights> _owned = [];
    private RepackedCache? _repacked;
    private bool _disposed;

    private Checkpoint(string path, CheckpointFormat format, TensorFile files, ModelConfig config, CheckpointPlan plan)
    {
        Path = path;
        Format = format;
        Files = files;
        Config = config;
        _plan = plan;
        string full = System.IO.Path.GetFullPath(path);
        _folder = Directory.Exists(full) ? full : System.IO.Path.GetDirectoryName(full)!;
    }

    /// <summary>The path that was opened.</summary>
    public string Path { get; }

    /// <summary>What kind of checkpoint it is.</summary>
    public CheckpointFormat Format { get; }

    /// <summary>What the model is.</summary>
    public ModelConfig Config { get; }

    /// <summary>The tensors as they are stored.</summary>
    public TensorFile Files { get; }

    /// <summary>The GGUF file with its metadata and vocabulary, or null if the checkpoint is of another kind.</summary>
    public GgufFile? Gguf => Files as GgufFile;

    /// <summary>Which stored tensors each layer is made of.</summary>
    internal CheckpointPlan Plan => _plan;

    /// <summary>The bytes of the stored weights.</summary>
    public long WeightBytes => _plan.Bytes;

    /// <summary>The bytes of memory that matrices which have been asked for take, those in mapped files not counted.</summary>
    internal long ResidentBytes
    {
        get
        {
            lock (_owned) return _owned.Sum(weights => weights.ResidentBytes);
        }
    }

    /// <summary>The bytes of the stored weights that one decoding step reads: all but a token table that is only looked up.</summary>
    public long StepBytes => WeightBytes - (Config.TieEmbeddings ? 0 : _plan[WeightNames.Embedding].Bytes);

    /// <summary>
    /// The tokenizer's file beside the weights: tokenizer.json, tokenizer.model, or llama2.c's tokenizer.bin; null if there is
    /// none, and for GGUF files, which hold their own.
    /// </summary>
    public string? TokenizerPath => Format switch
    {
        CheckpointFormat.Gguf => null,
        CheckpointFormat.Llama2c => Beside("tokenizer.bin") ?? Beside("tokenizer.model"),
        _ => Beside("tokenizer.json") ?? Beside("tokenizer.model"),
    };

    /// <summary>tokenizer_config.json of a Hugging Face folder or one of Heed's own format, or null.</summary>
    public string? TokenizerConfigPath => IfFolder("tokenizer_config.json");

    /// <summary>generation_config.json of a Hugging Face folder or one of Heed's own format, or null.</summary>
    public string? GenerationConfigPath => IfFolder("generation_config.json");

    /// <summary>config.json of a Hugging Face folder or one of Heed's own format, or null.</summary>
    public string? ConfigPath => IfFolder(PathProbe.HuggingFaceName);

    /// <summary>chat_template.jinja of a Hugging Face folder or one of Heed's own format, or null.</summary>
    public string? ChatTemplatePath => IfFolder("chat_template.jinja");

    /// <summary>
    /// Opens a GGUF file, a Hugging Face folder or one of Heed's own format or its .safetensors file, a Meta folder or its
    /// .pth file, or a llama2.c file, and checks that its tensors are exactly those of the model that its configuration describes.
    /// </summary>
    /// <exception cref="FileFormatException">It is none of these, is damaged, or configuration and tensors do not fit each other.</exception>
    /// <exception cref="FileNotFoundException">The path, or a file that belongs to it, does not exist.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static Checkpoint Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        PathProbe probe = PathProbe.Of(path);
        TensorFile files = probe.Open();
        try
        {
            ModelConfig config = Describe(ref probe, files, out TensorNames names);
            Validate(config, files.Path, probe.Format);
            string? ignored = null;
            if (config.TieEmbeddings && !names.IsOwn && files.TryGet(OutputName(names), out StoredTensor? output))
            {
                // Some files store the shared table twice. If the second one is another, it is what the output is made with.
                if (files.TryGet(names.PartsOf(WeightNames.Embedding)[0] + names.Weight, out StoredTensor? table) && Same(files, table, output)) ignored = output.Name;
                else config = config with { TieEmbeddings = false };
            }
            return new Checkpoint(path, probe.Format, files, config, CheckpointPlan.Match(config, names, files, ignored));
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>The weights for a <see cref="Transformer"/> of <see cref="Config"/>; each layer is loaded when the model asks for it.</summary>
    /// <param name="device">Where the model will compute, and on how many threads matrices are laid out; the CPU if null.</param>
    /// <param name="form">In what form the matrices are held.</param>
    /// <param name="progress">Told the share of the weights that is loaded, 0 to 1, from any thread.</param>
    /// <param name="cancellation">Stops loading with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">The weights are to be repacked ones (<see cref="UseRepacked"/>), and the form is another one than <see cref="WeightForm.Fast"/>.</exception>
    /// <exception cref="ObjectDisposedException">The checkpoint has been disposed.</exception>
    public IWeightSource Weights(Device? device = null, WeightForm form = WeightForm.Fast, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_repacked is not null && form != WeightForm.Fast) throw new ArgumentException($"Weights: the form is {form}; a file of repacked weights holds those of the form {WeightForm.Fast}.", nameof(form));
        device ??= Device.Cpu;
        MatrixLoader loader = new(Files, form, new LoadProgress(_plan.Bytes, progress), new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = device.Threads }, _repacked);
        return new CheckpointWeights(_plan, loader, device, Config.TieEmbeddings, form == WeightForm.Dense, Own);
    }

    /// <summary>
    /// Has the weights mapped from a file that holds them in the order in which they are multiplied, if it is there and made of this very
    /// checkpoint: loading then copies nothing, and processes share the memory. Else <see cref="SaveRepacked"/> writes it. Call it before
    /// <see cref="Weights"/>.
    /// </summary>
    /// <param name="path">The file, or a folder in which each model has one; a path that ends in a separator is a folder that is made.</param>
    /// <param name="share">Which of how many ranks' share of the weights is used; null for all. Each rank has a file of its own, with its number after the name.</param>
    /// <returns>Whether the file is there and fits.</returns>
    /// <exception cref="FileFormatException">The file is of another kind.</exception>
    /// <exception cref="IOException">The file's folder does not exist, or it cannot be read.</exception>
    /// <exception cref="InvalidOperationException">It was called before.</exception>
    public bool UseRepacked(string path, (int Rank, int Ranks)? share = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_repacked is not null) throw new InvalidOperationException("UseRepacked: the checkpoint has a file for repacked weights already.");
        _repacked = new RepackedCache(path, Files, share);
        return _repacked.IsMapped;
    }

    /// <summary>Writes the file of <see cref="UseRepacked"/> if it was not there or did not fit; call it when the model has been built.</summary>
    /// <param name="progress">Told the share that is written, 0 to 1.</param>
    /// <param name="cancellation">Stops it with an <see cref="OperationCanceledException"/>; there is then no file, or the former one.</param>
    /// <exception cref="InvalidOperationException"><see cref="UseRepacked"/> was not called.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public RepackedWeights SaveRepacked(IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return (_repacked ?? throw new InvalidOperationException("SaveRepacked: UseRepacked was not called.")).Save(progress, cancellation);
    }

    /// <summary>The full path of a file beside the weights, or null if there is none.</summary>
    public string? Beside(string fileName)
    {
        string path = System.IO.Path.Combine(_folder, fileName);
        return File.Exists(path) ? path : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        lock (_owned)
        {
            foreach (LinearWeights weights in _owned) weights.Dispose();
            _owned.Clear();
        }
        _repacked?.Dispose();
        Files.Dispose();
    }

    private string? IfFolder(string name) => Format is CheckpointFormat.HuggingFace or CheckpointFormat.Heed ? Beside(name) : null;

    private void Own(LinearWeights weights)
    {
        lock (_owned) _owned.Add(weights);
    }

    private static ModelConfig Describe(ref PathProbe probe, TensorFile files, out TensorNames names)
    {
        switch (probe.Format)
        {
            case CheckpointFormat.Gguf:
                return GgufConfig.Read((GgufFile)files, out names);
            case CheckpointFormat.Llama2c:
                names = FormatTensorNames.Llama2c;
                return Llama2cConfig.Read(((Llama2cFile)files).Header);
            case CheckpointFormat.Meta:
                names = FormatTensorNames.Meta;
                return MetaConfig.Read(JsonSettings.Read(probe.ConfigPath!), files);
            default:
                JsonSettings json = JsonSettings.Read(probe.ConfigPath!);
                if (HeedConfig.Is(json))
                {
                    probe = probe with { Format = CheckpointFormat.Heed };
                    names = FormatTensorNames.Heed;
                    return HeedConfig.Read(json);
                }
                ModelConfig config = HuggingFaceConfig.Read(json);
                names = HuggingFaceConfig.Names(config, name => files.TryGet(name, out _));
                return config;
        }
    }

    private static void Validate(ModelConfig config, string path, CheckpointFormat format)
    {
        try
        {
            config.Validate();
            if (format == CheckpointFormat.Heed) HeedConfig.Check(config);
        }
        catch (Exception error) when (error is ArgumentException or OverflowException)
        {
            throw new FileFormatException(path, $"the configuration does not make a model: {error.Message}", inner: error);
        }
    }

    private static string OutputName(TensorNames names) => names.PartsOf(WeightNames.Output)[0] + names.Weight;

    private static bool Same(TensorFile files, StoredTensor a, StoredTensor b)
    {
        const int piece = 1 << 20;
        if (a.Type != b.Type || a.GroupSize > 0 || b.GroupSize > 0 || !a.Shape.AsSpan().SequenceEqual(b.Shape)) return false;
        for (long at = 0; at < a.ByteLength; at += piece)
        {
            int length = (int)Math.Min(piece, a.ByteLength - at);
            if (!files.Bytes(a, at, length).SequenceEqual(files.Bytes(b, at, length))) return false;
        }
        return true;
    }
}
