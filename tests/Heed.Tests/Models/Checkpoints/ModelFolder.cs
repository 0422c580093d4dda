using System.Text.Json.Nodes;
using Heed.Formats;
using Heed.Models.Checkpoints;
using Heed.Tests.Formats;

namespace Heed.Tests.Models.Checkpoints;

/// <summary>A changed copy of a golden Hugging Face folder: keys of its configuration and tensors of its weights.</summary>
internal sealed class ModelFolder : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly Dictionary<string, (WeightType Type, long[] Shape, byte[] Bytes)> _tensors = [];

    public ModelFolder(string family = "llama")
    {
        string source = TestData.Golden($"models/{family}");
        Config = (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!;
        using ShardedSafetensors file = ShardedSafetensors.Open(source);
        foreach (StoredTensor tensor in file.Tensors)
            _tensors.Add(tensor.Name, (tensor.Type, tensor.Shape, file.Bytes(tensor, 0, (int)tensor.ByteLength).ToArray()));
    }

    /// <summary>The configuration, to be changed before <see cref="Open"/>.</summary>
    public JsonObject Config { get; }

    public string Root => _temp.Root;

    public IEnumerable<string> TensorNames => _tensors.Keys;

    public ModelFolder Set(string key, JsonNode? value)
    {
        Config[key] = value;
        return this;
    }

    public ModelFolder Remove(string tensor)
    {
        _tensors.Remove(tensor).ShouldBeTrue(tensor);
        return this;
    }

    public ModelFolder Put(string tensor, WeightType type, long[] shape, byte[] bytes)
    {
        _tensors[tensor] = (type, shape, bytes);
        return this;
    }

    public ModelFolder Copy(string from, string to, Action<byte[]>? change = null)
    {
        (WeightType type, long[] shape, byte[] bytes) = _tensors[from];
        byte[] copy = [.. bytes];
        change?.Invoke(copy);
        return Put(to, type, shape, copy);
    }

    public ModelFolder Reshape(string tensor, params long[] shape)
    {
        (WeightType type, _, byte[] bytes) = _tensors[tensor];
        return Put(tensor, type, shape, bytes);
    }

    public Checkpoint Open()
    {
        Write();
        return Checkpoint.Open(Root);
    }

    public void Write()
    {
        File.WriteAllText(_temp.File("config.json"), Config.ToJsonString());
        SafetensorsWriter writer = new();
        foreach ((string name, (WeightType type, long[] shape, byte[] bytes)) in _tensors) writer.Add(name, type, shape, stream => stream.Write(bytes));
        writer.Save(_temp.File("model.safetensors"));
    }

    public void Dispose() => _temp.Dispose();
}
