namespace Heed.Formats;

/// <summary>One safetensors file. See <see cref="ShardedSafetensors"/> for a folder.</summary>
public sealed class SafetensorsFile : TensorFile
{
    private SafetensorsFile(MappedFile file, SafetensorsHeader header)
        : base(file.Path, [file], header.Tensors) => Metadata = header.Metadata;

    /// <summary>The free text in the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps the file and checks all of its header.</summary>
    /// <exception cref="FileFormatException">It is no safetensors file, is damaged, or has a type that cannot be read.</exception>
    /// <exception cref="IOException">It is absent or cannot be read.</exception>
    public static SafetensorsFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new SafetensorsFile(file, SafetensorsHeader.Read(file, part: 0));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
