using System.Globalization;
using Heed.Kernels.Quantization;

namespace Heed.Formats;

/// <summary>
/// A PyTorch checkpoint as Meta publishes them: consolidated.00.pth, a zip archive with a pickled dict of names to tensors; larger models in
/// several, consolidated.00.pth to consolidated.NN.pth, each with its part of every matrix, which are joined here.
/// Nothing in the pickle is run. Tensors in dicts inside dicts are named outer.inner; what is no tensor is left out.
/// </summary>
public sealed class MetaCheckpoint : TensorFile
{
    private const int MaxPickleBytes = 32 << 20;
    private const int MaxDepth = 16;
    private const int MaxNameLength = 4096;
    private const string PickleName = "/data.pkl";

    private MetaCheckpoint(string path, MappedFile[] files, IReadOnlyList<StoredTensor> tensors)
        : base(path, files, tensors)
    {
    }

    /// <summary>Opens a .pth or .pt file, or a folder with consolidated.00.pth, or with that and those that follow.</summary>
    /// <exception cref="FileFormatException">
    /// It is no such checkpoint, is damaged, asks for anything but tensors, has a tensor whose elements do not lie row by row,
    /// or lacks one of several files, or they do not belong together.
    /// </exception>
    /// <exception cref="IOException">It is absent or cannot be read.</exception>
    public static MetaCheckpoint Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string[] names = Directory.Exists(path) ? FilesOf(path) : [path];
        List<MappedFile> files = new(names.Length);
        try
        {
            foreach (string name in names) files.Add(MappedFile.Open(name));
            List<StoredTensor>[] tensors = [.. files.Select(ReadTensors)];
            return files is [var only] ? new MetaCheckpoint(only.Path, [only], tensors[0]) : new MetaCheckpoint(path, [.. files], MetaShards.Join([.. files], tensors));
        }
        catch
        {
            foreach (MappedFile file in files) file.Dispose();
            throw;
        }
    }

    private static string[] FilesOf(string folder)
    {
        string[] files = [.. Directory.EnumerateFiles(folder, "consolidated.*.pth").Order(StringComparer.Ordinal)];
        if (files.Length == 0) throw new FileNotFoundException($"{folder}: no consolidated.*.pth is in this folder.", folder);
        if (files.Length == 1) return files;
        for (int i = 0; i < files.Length; i++)
        {
            string expected = string.Create(CultureInfo.InvariantCulture, $"consolidated.{i:00}.pth");
            if (System.IO.Path.GetFileName(files[i]) != expected)
                throw new FileFormatException(folder, $"the checkpoint is split into {files.Length} files, and {expected} is absent; found {System.IO.Path.GetFileName(files[i])} in its place.");
        }
        return files;
    }

    private static List<StoredTensor> ReadTensors(MappedFile file)
    {
        CheckMagic(file);
        ZipIndex zip = ZipIndex.Read(file);
        ZipMember[] pickles = [.. zip.Members.Values.Where(member => member.Name.EndsWith(PickleName, StringComparison.Ordinal))];
        if (pickles.Length != 1) throw file.Wrong($"not a PyTorch checkpoint: the archive has {pickles.Length} entries data.pkl; expected one.");
        ZipMember pickle = pickles[0];
        string prefix = pickle.Name[..^PickleName.Length];
        CheckByteOrder(file, zip, prefix);
        if (pickle.Length > MaxPickleBytes) throw file.Wrong($"the pickle is {pickle.Length} bytes long; at most {MaxPickleBytes} are allowed.", pickle.Name, pickle.Offset);
        if (PickleReader.Read(file, pickle.Name, pickle.Offset, (int)pickle.Length) is not PickleDictionary top)
            throw file.Wrong("the pickle is not a dict of tensors.", pickle.Name, pickle.Offset);
        List<StoredTensor> tensors = [];
        new Collector(file, zip, prefix, tensors).Collect(top, "", depth: 1);
        tensors.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        return tensors;
    }

    private static void CheckMagic(MappedFile file)
    {
        ReadOnlySpan<byte> magic = file.Span(0, (int)Math.Min(4, file.Length));
        if (magic.SequenceEqual("PK\x03\x04"u8)) return;
        // A protocol-2 pickle that begins with a ten-byte integer, PyTorch's own magic number.
        if (magic.SequenceEqual<byte>([0x80, 0x02, 0x8A, 0x0A]))
            throw file.Wrong("the checkpoint was saved in PyTorch's format from before version 1.6, which cannot be read; save it again with a newer PyTorch.", offset: 0);
        throw file.Wrong($"not a PyTorch checkpoint: it begins with bytes {Convert.ToHexString(magic)}, expected 504B0304 (a zip archive).", offset: 0);
    }

    private static void CheckByteOrder(MappedFile file, ZipIndex zip, string prefix)
    {
        if (!zip.Members.TryGetValue(prefix + "/byteorder", out ZipMember order)) return;
        if (order.Length > 16 || !file.Span(order.Offset, (int)order.Length).SequenceEqual("little"u8))
            throw file.Wrong("the byte order is not 'little'; only little-endian checkpoints can be read.", order.Name, order.Offset);
    }

    private sealed class Collector(MappedFile file, ZipIndex zip, string prefix, List<StoredTensor> tensors)
    {
        // A pickle may hold a dict in itself, or one dict in many places, which would take exponential time to write out.
        private readonly HashSet<PickleDictionary> seen = [];

        public void Collect(PickleDictionary dictionary, string scope, int depth)
        {
            if (!seen.Add(dictionary)) throw file.Wrong("a dict occurs in several places of the pickle.", scope);
            if (depth > MaxDepth) throw file.Wrong($"dicts are nested deeper than {MaxDepth}.", scope);
            foreach ((object key, object? value) in dictionary.Items)
            {
                if (value is not (PickleTensor or PickleDictionary)) continue;
                string name = $"{scope}{key}";
                if (name.Length > MaxNameLength) throw file.Wrong($"a name is {name.Length} characters long; at most {MaxNameLength} are allowed.", name[..80]);
                if (value is PickleTensor tensor) tensors.Add(Locate(name, tensor));
                else Collect((PickleDictionary)value, name + ".", depth + 1);
            }
        }

        private StoredTensor Locate(string name, PickleTensor tensor)
        {
            PickleStorage storage = tensor.Storage;
            if (!zip.Members.TryGetValue($"{prefix}/data/{storage.Key}", out ZipMember member))
                throw file.Wrong($"the archive has no entry data/{storage.Key} for the tensor.", name);
            if (!BlockSizes.TryByteLength(storage.Type, storage.Count, out long storageBytes) || storageBytes != member.Length)
                throw file.Wrong($"a storage of {storage.Count} {storage.Type} is in an entry of {member.Length} bytes.", name, member.Offset);
            string shape = $"[{string.Join(", ", tensor.Shape)}]";
            if (!tensor.IsContiguous)
                throw file.Wrong($"the elements of shape {shape} do not lie row by row (strides [{string.Join(", ", tensor.Strides)}]); " +
                    "save the checkpoint with contiguous tensors.", name, member.Offset);
            if (!BlockSizes.TryElementCount(tensor.Shape, out long elements) || tensor.Offset > storage.Count || elements > storage.Count - tensor.Offset)
                throw file.Wrong($"shape {shape} from element {tensor.Offset} leaves the storage of {storage.Count} elements.", name, member.Offset);
            int size = BlockSizes.BytesPerBlock(storage.Type);
            return new StoredTensor(name, storage.Type, tensor.Shape, member.Offset + tensor.Offset * size, elements * size);
        }
    }
}
