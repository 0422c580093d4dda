using System.Buffers.Binary;
using System.Text;
using Heed.Formats;

namespace Heed.Models.Checkpoints;

/// <summary>What kind of checkpoint a path is, found out by folder entries and first bytes, never by extensions alone.</summary>
/// <param name="Path">The file or folder to open.</param>
/// <param name="Format">What it is.</param>
/// <param name="ConfigPath">The configuration's file where it is one of its own.</param>
internal sealed record PathProbe(string Path, CheckpointFormat Format, string? ConfigPath = null)
{
    /// <summary>The name of Hugging Face's configuration.</summary>
    public const string HuggingFaceName = "config.json";

    /// <summary>The name of Meta's configuration.</summary>
    public const string MetaName = "params.json";

    private const string Expected = "a GGUF file, a .safetensors file with config.json beside it, a Meta .pth file with params.json beside it, or a llama2.c .bin file";
    private const int HeadBytes = 64;
    private const int MostNames = 6;

    /// <summary>Looks at <paramref name="path"/>.</summary>
    /// <exception cref="FileFormatException">It is no checkpoint; the message says what it is, or what was looked for.</exception>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    public static PathProbe Of(string path)
    {
        if (Directory.Exists(path)) return OfFolder(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: neither a file nor a folder is there.", path);
        return OfFile(path);
    }

    /// <summary>Opens the tensors.</summary>
    public TensorFile Open() => Format switch
    {
        CheckpointFormat.Gguf => GgufFile.Open(Path),
        CheckpointFormat.Meta => MetaCheckpoint.Open(Path),
        CheckpointFormat.Llama2c => OpenLlama2c(),
        _ => Directory.Exists(Path) || Path.EndsWith(".json", StringComparison.Ordinal) ? ShardedSafetensors.Open(Path) : SafetensorsFile.Open(Path),
    };

    private static PathProbe OfFolder(string folder)
    {
        string config = System.IO.Path.Combine(folder, HuggingFaceName), parameters = System.IO.Path.Combine(folder, MetaName);
        bool tensors = Has(ShardedSafetensors.SingleName) || Has(ShardedSafetensors.IndexName);
        if (File.Exists(config) && tensors) return new(folder, CheckpointFormat.HuggingFace, config);
        bool meta = Directory.EnumerateFiles(folder, "consolidated.*.pth").Any();
        if (File.Exists(parameters) && meta) return new(folder, CheckpointFormat.Meta, parameters);
        throw new FileFormatException(folder, $"no checkpoint is in this folder: expected {HuggingFaceName} with {ShardedSafetensors.SingleName} or " +
            $"{ShardedSafetensors.IndexName}, or {MetaName} with consolidated.00.pth; {Found(folder)}");

        bool Has(string name) => File.Exists(System.IO.Path.Combine(folder, name));
    }

    private static string Found(string folder)
    {
        string[] names = [.. Directory.EnumerateFileSystemEntries(folder).Select(entry => System.IO.Path.GetFileName(entry)).Order(StringComparer.Ordinal)];
        if (names.Length == 0) return "the folder is empty.";
        string list = string.Join(", ", names.Take(MostNames)) + (names.Length > MostNames ? $" and {names.Length - MostNames} more" : "");
        string hint = names.FirstOrDefault(name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)) is { } gguf
            ? $" Give the path of {gguf} itself to open that."
            : names.Contains("pytorch_model.bin") || names.Contains("pytorch_model.bin.index.json")
                ? " pytorch_model.bin is not read: save the model as safetensors."
                : "";
        return $"found {list}.{hint}";
    }

    private static PathProbe OfFile(string path)
    {
        byte[] head = Head(path);
        ReadOnlySpan<byte> bytes = head;
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        if (bytes.StartsWith("GGUF"u8) || bytes.StartsWith("FUGG"u8) || IsOldGgml(bytes)) return new(path, CheckpointFormat.Gguf);
        if (IsJson(path, bytes)) return OfJson(path, folder);
        if (IsSafetensors(bytes)) return OfSafetensors(path, folder);
        if (bytes.StartsWith("PK\x03\x04"u8) || bytes.StartsWith<byte>([0x80, 0x02])) return OfPickle(path, folder, bytes);
        if (OtherKind(bytes) is { } other) throw new FileFormatException(path, $"the file is {other}; expected {Expected}.", offset: 0);
        return new(path, CheckpointFormat.Llama2c);
    }

    private static PathProbe OfJson(string path, string folder) => System.IO.Path.GetFileName(path) switch
    {
        HuggingFaceName or MetaName or ShardedSafetensors.IndexName => OfFolder(folder),
        _ => throw new FileFormatException(path, $"the file is JSON; expected {Expected}.", offset: 0),
    };

    private static PathProbe OfSafetensors(string path, string folder)
    {
        string config = System.IO.Path.Combine(folder, HuggingFaceName), index = System.IO.Path.Combine(folder, ShardedSafetensors.IndexName);
        if (!File.Exists(config)) throw new FileNotFoundException($"{path}: a safetensors file needs {HuggingFaceName} beside it, which is absent.", config);
        // One shard of several stands for all of them.
        bool shard = System.IO.Path.GetFileName(path).Contains("-of-", StringComparison.Ordinal) && File.Exists(index);
        return new(shard ? index : path, CheckpointFormat.HuggingFace, config);
    }

    private static PathProbe OfPickle(string path, string folder, ReadOnlySpan<byte> head)
    {
        string config = System.IO.Path.Combine(folder, MetaName);
        // One file of several stands for all of them.
        bool shard = System.IO.Path.GetFileName(path).StartsWith("consolidated.", StringComparison.Ordinal) && Directory.EnumerateFiles(folder, "consolidated.*.pth").Skip(1).Any();
        if (File.Exists(config)) return new(shard ? folder : path, CheckpointFormat.Meta, config);
        bool pickle = head[0] == 0x80 || head.IndexOf("data.pkl"u8) >= 0 || System.IO.Path.GetExtension(path) is ".pth" or ".pt" or ".bin";
        throw pickle
            ? new FileFormatException(path, $"the file is a PyTorch checkpoint, which needs {MetaName} (Meta's configuration) beside it, and that is absent.")
            : new FileFormatException(path, $"the file is a zip archive; expected {Expected}.", offset: 0);
    }

    private Llama2cFile OpenLlama2c()
    {
        try
        {
            return Llama2cFile.Open(Path);
        }
        catch (FileFormatException error) when (!HasLlama2cMagic())
        {
            throw new FileFormatException(Path, $"the file is of no known kind (it begins with bytes {Convert.ToHexString(Head(Path).AsSpan(0, Math.Min(8, Head(Path).Length)))}); " +
                $"expected {Expected}. Read as llama2.c without magic: {error.Message}", offset: 0, inner: error);
        }
    }

    private bool HasLlama2cMagic() => Head(Path).AsSpan().StartsWith("24ka"u8);

    private static byte[] Head(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        byte[] head = new byte[HeadBytes];
        int count = stream.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false);
        return count > 0 ? head[..count] : throw new FileFormatException(path, "the file is empty.", offset: 0);
    }

    private static bool IsOldGgml(ReadOnlySpan<byte> head) =>
        head.StartsWith("lmgg"u8) || head.StartsWith("tjgg"u8) || head.StartsWith("fmgg"u8) || head.StartsWith("algg"u8);

    private static bool IsSafetensors(ReadOnlySpan<byte> head) =>
        head.Length > 8 && head[8] == (byte)'{' && BinaryPrimitives.ReadUInt64LittleEndian(head) < 1UL << 40;

    private static bool IsJson(string path, ReadOnlySpan<byte> head) =>
        head[0] == (byte)'{' && System.IO.Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase);

    private static string? OtherKind(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("version https://git-lfs"u8)) return "a Git LFS pointer, not the file that it stands for (git lfs pull fetches that)";
        string text = Encoding.Latin1.GetString(head).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\r', '\n', '\t');
        if (text.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase)) return "an HTML page (a failed download?)";
        if (text.StartsWith("<?xml", StringComparison.Ordinal)) return "XML";
        if (head.StartsWith<byte>([0x1F, 0x8B])) return "compressed with gzip";
        if (head.StartsWith<byte>([0x89, 0x48, 0x44, 0x46])) return "HDF5";
        if (text.StartsWith('{') || text.StartsWith('[')) return "JSON";
        return text.Length > 0 && text.All(c => c is >= ' ' and <= '~' or '\r' or '\n' or '\t') ? "text" : null;
    }
}
