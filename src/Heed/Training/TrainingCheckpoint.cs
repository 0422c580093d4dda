using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Heed.Formats;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Training;

/// <summary>
/// One file with all that a run needs to go on: a safetensors file of float32 tensors whose metadata hold the state and a
/// SHA-256 of state, names, shapes and numbers. One file, so that one rename makes it whole.
/// </summary>
internal sealed class TrainingCheckpoint : IDisposable
{
    private const string Version = "heed-training-1";
    private const int ElementsPerChunk = 1 << 22;

    private readonly SafetensorsFile _file;

    private TrainingCheckpoint(SafetensorsFile file, TrainingState state) => (_file, State) = (file, state);

    /// <summary>How far the run had come.</summary>
    public TrainingState State { get; }

    /// <summary>Whether all numbers are numbers; a checkpoint of others would be worth nothing.</summary>
    public static bool IsFinite(IEnumerable<Parameter> tensors) => tensors.All(tensor => double.IsFinite(tensor.Value.Backend.SquaredNorm(tensor.Value)));

    /// <summary>Writes the file through a temporary one, to the disk.</summary>
    public static void Write(string path, TrainingState state, IReadOnlyList<Parameter> tensors)
    {
        string json = ToJson(state);
        SafetensorsWriter writer = new(new Dictionary<string, string> { ["format"] = Version, ["state"] = json, ["sha256"] = Hash(json, tensors) });
        foreach (Parameter tensor in tensors)
            writer.Add(tensor.Name, WeightType.F32, Sizes(tensor.Value), stream => ForChunks(tensor.Value, bytes => stream.Write(bytes)));
        writer.Save(path);
    }

    /// <summary>Opens a checkpoint and checks the whole file.</summary>
    /// <exception cref="FileFormatException">The file is damaged or no checkpoint.</exception>
    public static TrainingCheckpoint Open(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        try
        {
            return new TrainingCheckpoint(file, Verify(path, file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Overwrites the tensors, if all of them fit.</summary>
    /// <exception cref="FileFormatException">The checkpoint is another model's; the tensors are as they were.</exception>
    public void ReadInto(IReadOnlyList<Parameter> tensors)
    {
        CheckTensors(_file, tensors);
        using TensorScope scope = new();
        foreach (Parameter tensor in tensors)
        {
            using TensorScope.Lease lease = scope.Enter();
            _file.TryGet(tensor.Name, out StoredTensor? stored);
            float[] values = new float[tensor.Value.ElementCount];
            _file.ReadFloats(stored!, 0, values);
            tensor.Value.Assign(Tensor.From(values, tensor.Value.Shape, tensor.Value.Device));
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private static TrainingState Verify(string path, SafetensorsFile file)
    {
        if (file.Metadata.GetValueOrDefault("format") != Version)
            throw new FileFormatException(path, $"this is no training checkpoint; expected the metadata to have the format '{Version}'.");
        string json = file.Metadata.GetValueOrDefault("state", "");
        string found = Hash(json, file), expected = file.Metadata.GetValueOrDefault("sha256", "");
        if (found != expected) throw new FileFormatException(path, $"the checkpoint is damaged: its checksum is {found}; the file says {expected}.");
        return FromJson(path, json);
    }

    private static void CheckTensors(SafetensorsFile file, IReadOnlyList<Parameter> tensors)
    {
        foreach (Parameter tensor in tensors)
        {
            if (!file.TryGet(tensor.Name, out StoredTensor? stored))
                throw new FileFormatException(file.Path, "the checkpoint lacks this tensor; it belongs to another model or another choice of parameters.", tensor.Name);
            if (!stored.Shape.AsSpan().SequenceEqual(Sizes(tensor.Value)))
                throw new FileFormatException(file.Path, $"the tensor's shape is {stored.ShapeText}; the model's is {tensor.Value.Shape}.", tensor.Name, stored.Offset);
        }
        if (file.Tensors.Count != tensors.Count)
            throw new FileFormatException(file.Path, $"the checkpoint has {file.Tensors.Count} tensors; expected {tensors.Count}: it belongs to another model or another choice of parameters.");
    }

    private static string Hash(string json, IReadOnlyList<Parameter> tensors)
    {
        using IncrementalHash hash = Begin(json);
        foreach (Parameter tensor in tensors)
        {
            AppendName(hash, tensor.Name, Sizes(tensor.Value));
            ForChunks(tensor.Value, hash.AppendData);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Hash(string json, SafetensorsFile file)
    {
        using IncrementalHash hash = Begin(json);
        foreach (StoredTensor tensor in file.Tensors)
        {
            AppendName(hash, tensor.Name, tensor.Shape);
            for (long done = 0; done < tensor.ByteLength; done += ElementsPerChunk)
                hash.AppendData(file.Bytes(tensor, done, (int)Math.Min(ElementsPerChunk, tensor.ByteLength - done)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IncrementalHash Begin(string json)
    {
        IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(json));
        return hash;
    }

    private static void AppendName(IncrementalHash hash, string name, long[] shape) =>
        hash.AppendData(Encoding.UTF8.GetBytes($"\n{name}[{string.Join(',', shape)}]"));

    private delegate void ChunkAction(ReadOnlySpan<byte> bytes);

    private static void ForChunks(Tensor tensor, ChunkAction action)
    {
        Span<float> values = tensor.DType == DType.Float32 ? tensor.AsSpan() : tensor.ToArray();
        for (int done = 0; done < values.Length; done += ElementsPerChunk)
            action(MemoryMarshal.AsBytes(values.Slice(done, Math.Min(ElementsPerChunk, values.Length - done))));
        GC.KeepAlive(tensor);
    }

    private static long[] Sizes(Tensor tensor)
    {
        long[] sizes = new long[tensor.Rank];
        for (int i = 0; i < sizes.Length; i++) sizes[i] = tensor.Shape[i];
        return sizes;
    }

    private static string ToJson(TrainingState state)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("step", state.Step);
            json.WriteNumber("tokens", state.Tokens);
            json.WriteNumber("elapsedTicks", state.Elapsed.Ticks);
            json.WriteStartObject("settings");
            foreach ((string name, string value) in state.Settings) json.WriteString(name, value);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static TrainingState FromJson(string path, string text)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            JsonElement root = json.RootElement;
            SortedDictionary<string, string> settings = new(StringComparer.Ordinal);
            foreach (JsonProperty setting in root.GetProperty("settings").EnumerateObject()) settings[setting.Name] = setting.Value.GetString() ?? "";
            long NotNegative(string name)
            {
                long value = root.GetProperty(name).GetInt64();
                return value >= 0 ? value : throw new FormatException($"{name} is {value}, expected 0 or more.");
            }
            return new TrainingState
            {
                Step = NotNegative("step"),
                Tokens = NotNegative("tokens"),
                Elapsed = new TimeSpan(NotNegative("elapsedTicks")),
                Settings = settings,
            };
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new FileFormatException(path, $"the checkpoint's state is not what was written: {error.Message}", "state", inner: error);
        }
    }
}
