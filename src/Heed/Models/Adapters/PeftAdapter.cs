using System.Runtime.InteropServices;
using Heed.Formats;
using Heed.Models.Checkpoints;
using Heed.Nn;

namespace Heed.Models.Adapters;

/// <summary>LoRA adapters on disk in PEFT's layout: adapter_config.json and adapter_model.safetensors in one folder.</summary>
/// <example><code>
/// PeftAdapter adapter = PeftAdapter.Read("my-adapter", checkpoint.Config);
/// Transformer model = new(checkpoint.Config, adapter.Weights(checkpoint.Weights()));
/// </code></example>
public sealed class PeftAdapter
{
    /// <summary>The name of the configuration's file.</summary>
    public const string ConfigName = "adapter_config.json";

    /// <summary>The name of the tensors' file.</summary>
    public const string WeightsName = "adapter_model.safetensors";

    private readonly ModelConfig _model;
    private readonly Dictionary<string, float[]> _factors;
    private readonly PeftNames _names;

    private PeftAdapter(ModelConfig model, LoraConfig config, string? baseModel, PeftNames names, Dictionary<string, float[]> factors)
    {
        _model = model;
        Config = config;
        BaseModel = baseModel;
        _names = names;
        _factors = factors;
    }

    /// <summary>The adapters' shape.</summary>
    public LoraConfig Config { get; }

    /// <summary>The name or path of the model that the adapters were made for, as the file gives it, or null.</summary>
    public string? BaseModel { get; }

    /// <summary>Reads a folder and checks that its tensors are exactly those of its configuration for the given model.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="model">What the model is that the adapters are for.</param>
    /// <exception cref="FileFormatException">A file is damaged, of an unsupported kind, or does not fit the model; all tensors that do not are named.</exception>
    /// <exception cref="NotSupportedException">PEFT's names for the model's family are not known here.</exception>
    /// <exception cref="IOException">A file is absent or cannot be read.</exception>
    public static PeftAdapter Read(string folder, ModelConfig model)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(model);
        PeftNames names = new(model.Validate());
        foreach (string name in (string[])[ConfigName, WeightsName])
            if (!File.Exists(Path.Combine(folder, name))) throw new FileNotFoundException($"{folder}: {name} is absent; expected a folder of LoRA adapters, with {ConfigName} and {WeightsName}.");
        LoraConfig config = PeftConfig.Read(Path.Combine(folder, ConfigName), out string? baseModel);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, WeightsName));
        Check(file, names.Tensors(config));
        Dictionary<string, float[]> factors = [];
        foreach (PeftTensor tensor in names.Tensors(config))
        {
            file.TryGet(tensor.Name, out StoredTensor? stored);
            float[] values = new float[stored!.ElementCount];
            file.ReadFloats(stored, 0, values);
            factors.Add(tensor.Name, tensor.FromFile(values));
        }
        return new PeftAdapter(model, config, baseModel, names, factors);
    }

    /// <summary>Another source's layers with these adapters around them.</summary>
    /// <param name="weights">The layers of the model that was given to <see cref="Read"/>.</param>
    public IWeightSource Weights(IWeightSource weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return new LoraWeights(weights, _model, Config, (block, target) =>
            (_factors[_names.A(block, target)], _factors[_names.B(block, target)]));
    }

    /// <summary>
    /// Writes a model's adapters to a folder, which is made if it is absent. Both files appear there only once they are
    /// complete, and replace earlier ones.
    /// </summary>
    /// <param name="model">A model with adapters.</param>
    /// <param name="config">What its adapters were made with.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="baseModel">The name or path of the model without adapters, for the configuration.</param>
    /// <exception cref="ArgumentException">The model has no adapters, or others than the configuration says.</exception>
    /// <exception cref="NotSupportedException">PEFT's names for the model's family are not known here.</exception>
    /// <exception cref="IOException">A file cannot be written; what was there stays.</exception>
    public static void Write(Transformer model, LoraConfig config, string folder, string? baseModel = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        PeftNames names = new(model.Config);
        SafetensorsWriter writer = new(new Dictionary<string, string> { ["format"] = "pt" });
        int used = 0;
        foreach (PeftTensor tensor in names.Tensors(config.Validate()))
        {
            LoraAdapter adapter = Find(model, config, tensor);
            used++;
            writer.Add(tensor.Name, WeightType.F32, tensor.Shape, stream =>
                stream.Write(MemoryMarshal.AsBytes(tensor.ToFile((tensor.IsB ? adapter.B : adapter.A).ToArray()).AsSpan())));
        }
        int all = model.Parameters.Count(parameter => parameter.IsAdapter);
        if (used != all) throw new ArgumentException($"PeftAdapter: the model's adapters have {all} tensors, and those of the configuration's Targets {used}.", nameof(config));
        FolderFiles.Write(folder,
            (WeightsName, writer.Save),
            (ConfigName, path => File.WriteAllBytes(path, PeftConfig.Write(config, baseModel))));
    }

    private static LoraAdapter Find(Transformer model, LoraConfig config, PeftTensor tensor)
    {
        LoraAdapter? adapter = (model.LayerOf(tensor.Layer) as LoraLinear)?.Adapters.FirstOrDefault(one => one.Name == tensor.Target);
        if (adapter is null) throw new ArgumentException($"PeftAdapter: the model's layer '{tensor.Layer}' has no adapter '{tensor.Target}', which the configuration's Targets name.", nameof(config));
        return adapter.Rank == config.Rank && adapter.Scale == config.Scale
            ? adapter
            : throw new ArgumentException($"PeftAdapter: the adapter '{tensor.Target}' of '{tensor.Layer}' has rank {adapter.Rank} and scale {adapter.Scale}; the configuration says {config.Rank} and {config.Scale}.", nameof(config));
    }

    private static void Check(SafetensorsFile file, IEnumerable<PeftTensor> expected)
    {
        const int most = 12;
        HashSet<string> known = [];
        List<string> problems = [];
        // A claimed number of blocks may be far beyond the file's tensors: no more is compared than can be told.
        foreach (PeftTensor tensor in expected)
        {
            if (problems.Count > most) break;
            known.Add(tensor.Name);
            string shape = $"[{string.Join(", ", tensor.Shape)}]";
            if (!file.TryGet(tensor.Name, out StoredTensor? stored)) problems.Add($"'{tensor.Name}' is absent; expected shape {shape}");
            else if (!stored.Shape.AsSpan().SequenceEqual(tensor.Shape)) problems.Add($"'{tensor.Name}' has shape {stored.ShapeText}; expected {shape}");
            else if (stored.Type is not (WeightType.F32 or WeightType.F16 or WeightType.BF16 or WeightType.F64)) problems.Add($"'{tensor.Name}' has type {stored.Type}; expected floating-point numbers");
        }
        foreach (StoredTensor stored in file.Tensors)
            if (problems.Count <= most && !known.Contains(stored.Name)) problems.Add($"'{stored.Name}' of shape {stored.ShapeText} is no part of the adapters that the configuration describes for this model");
        if (problems.Count == 0) return;
        string more = problems.Count > most ? "; and more" : "";
        throw new FileFormatException(file.Path, $"the adapters' tensors do not fit: {string.Join("; ", problems.Take(most))}{more}.");
    }
}
