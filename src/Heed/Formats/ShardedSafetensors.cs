namespace Heed.Formats;

/// <summary>
/// The weights of a Hugging Face folder as one file: model.safetensors, or the shards that model.safetensors.index.json names.
/// </summary>
public sealed class ShardedSafetensors : TensorFile
{
    /// <summary>The name of an unsharded model's weights.</summary>
    public const string SingleName = "model.safetensors";

    /// <summary>The name of a sharded model's index.</summary>
    public const string IndexName = "model.safetensors.index.json";

    private ShardedSafetensors(string path, MappedFile[] parts, IReadOnlyList<StoredTensor> tensors, IReadOnlyList<string> files)
        : base(path, parts, tensors) => Files = files;

    /// <summary>The files that hold the tensors.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Opens the weights in the folder <paramref name="path"/>; the path of an index file will do as well.</summary>
    /// <exception cref="FileFormatException">
    /// A file is damaged, or the index and the shards do not agree: a listed tensor is absent or in another shard, or one is in two shards.
    /// </exception>
    /// <exception cref="IOException">The folder has neither weights nor an index, or a shard is absent.</exception>
    public static ShardedSafetensors Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path)) return OpenIndex(path, path);
        string single = System.IO.Path.Combine(path, SingleName);
        if (File.Exists(single)) return OpenParts(path, [single], listed: null, index: null);
        string index = System.IO.Path.Combine(path, IndexName);
        return File.Exists(index)
            ? OpenIndex(path, index)
            : throw new FileNotFoundException($"{path}: neither {SingleName} nor {IndexName} is in this folder.", single);
    }

    private static ShardedSafetensors OpenIndex(string path, string index)
    {
        Dictionary<string, string> shardOf = SafetensorsIndex.Read(index);
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(index))!;
        string[] files = [.. shardOf.Values.Distinct().Order(StringComparer.Ordinal).Select(name => System.IO.Path.Combine(folder, name))];
        return OpenParts(path, files, shardOf, index);
    }

    private static ShardedSafetensors OpenParts(string path, string[] files, Dictionary<string, string>? listed, string? index)
    {
        List<MappedFile> parts = new(files.Length);
        try
        {
            List<StoredTensor> tensors = [];
            foreach (string file in files)
            {
                MappedFile part = MappedFile.Open(file);
                parts.Add(part);
                tensors.AddRange(SafetensorsHeader.Read(part, parts.Count - 1).Tensors);
            }
            if (listed is not null) CheckListed(index!, listed, files, tensors);
            return new ShardedSafetensors(path, [.. parts], tensors, files);
        }
        catch
        {
            foreach (MappedFile part in parts) part.Dispose();
            throw;
        }
    }

    private static void CheckListed(string index, Dictionary<string, string> listed, string[] files, List<StoredTensor> tensors)
    {
        HashSet<(string Name, string File)> present = [.. tensors.Select(tensor => (tensor.Name, System.IO.Path.GetFileName(files[tensor.Part])))];
        foreach ((string name, string file) in listed)
            if (!present.Contains((name, file)))
                throw new FileFormatException(index, $"the index says that the tensor is in {file}, and it is not.", name);
    }
}
