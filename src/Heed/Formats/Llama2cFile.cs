namespace Heed.Formats;

/// <summary>
/// A checkpoint of llama2.c: version 0 (no magic), 1 (float32) or 2 (8-bit groups with float32 scales).
/// All versions give the same tensors: token_embedding_table, layers.{i}.rms_att_weight, .wq, .wk, .wv, .wo, .rms_ffn_weight, .w1, .w2, .w3,
/// rms_final_weight, and wcls where the classifier is not shared. Rotary pairs are interleaved.
/// </summary>
public sealed class Llama2cFile : TensorFile
{
    private const uint Magic = 0x616B3432;
    private const int HeaderBytes = 256;
    private const int LegacyHeaderBytes = 7 * sizeof(int);
    private const int MaxLayers = 10_000;

    private Llama2cFile(MappedFile file, Llama2cHeader header, IReadOnlyList<StoredTensor> tensors)
        : base(file.Path, [file], tensors) => Header = header;

    /// <summary>The sizes that the file gives.</summary>
    public Llama2cHeader Header { get; }

    /// <summary>Maps the file and checks that its length is exactly what its header demands.</summary>
    /// <exception cref="FileFormatException">It is no llama2.c checkpoint, or is damaged.</exception>
    /// <exception cref="IOException">It is absent or cannot be read.</exception>
    public static Llama2cFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            ByteCursor cursor = new(file);
            bool legacy = cursor.ReadUInt32("the magic") != Magic;
            Llama2cHeader header = legacy ? ReadLegacyHeader(file) : ReadHeader(file, cursor);
            Check(file, header);
            Llama2cLayout layout = new(file, header, legacy ? LegacyHeaderBytes : HeaderBytes);
            return new Llama2cFile(file, header, layout.Tensors());
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    // Version 0 has seven integers and nothing to know it by; a negative vocabulary says that the classifier is not shared.
    private static Llama2cHeader ReadLegacyHeader(MappedFile file)
    {
        ByteCursor cursor = new(file);
        int[] sizes = ReadSizes(cursor);
        int vocab = sizes[5];
        if (vocab == int.MinValue) throw file.Wrong($"not a llama2.c checkpoint: the vocabulary's size is {vocab}.", "vocab", 20);
        return new Llama2cHeader(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], Math.Abs(vocab), sizes[6], vocab > 0, Version: 0, GroupSize: 0);
    }

    private static Llama2cHeader ReadHeader(MappedFile file, ByteCursor cursor)
    {
        int version = cursor.ReadInt32("the version");
        if (version is not (1 or 2)) throw file.Wrong($"llama2.c version {version} is not supported; expected 1 or 2 (or 0, which has no magic).", offset: 4);
        int[] sizes = ReadSizes(cursor);
        byte shared = cursor.ReadByte("the classifier's flag");
        if (shared > 1) throw file.Wrong($"the flag is {shared}; expected 0 or 1.", "shared_classifier", cursor.Position - 1);
        int groupSize = version == 2 ? cursor.ReadInt32("the group size") : 0;
        if (version == 2 && groupSize <= 0) throw file.Wrong($"the group size is {groupSize}; expected at least 1.", "group_size", cursor.Position - 4);
        cursor.Require(HeaderBytes - cursor.Position, "the header");
        return new Llama2cHeader(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], shared == 1, version, groupSize);
    }

    private static int[] ReadSizes(ByteCursor cursor)
    {
        int[] sizes = new int[7];
        for (int i = 0; i < sizes.Length; i++) sizes[i] = cursor.ReadInt32("the header");
        return sizes;
    }

    private static void Check(MappedFile file, Llama2cHeader header)
    {
        int at = header.Version == 0 ? 0 : 8;
        string kind = header.Version == 0 ? "not a llama2.c checkpoint: " : "";
        (string Name, int Value)[] sizes =
        [
            ("dim", header.Dim), ("hidden_dim", header.HiddenDim), ("n_layers", header.Layers), ("n_heads", header.Heads),
            ("n_kv_heads", header.KvHeads), ("vocab_size", header.Vocab), ("max_seq_len", header.SeqLen),
        ];
        for (int i = 0; i < sizes.Length; i++)
            if (sizes[i].Value <= 0) throw file.Wrong($"{kind}the size is {sizes[i].Value}; expected at least 1.", sizes[i].Name, at + i * sizeof(int));
        if (header.Layers > MaxLayers) throw file.Wrong($"{kind}{header.Layers} layers; at most {MaxLayers} are allowed.", "n_layers", at + 8);
        if (header.Dim % header.Heads != 0)
            throw file.Wrong($"{kind}{header.Heads} heads do not divide the size {header.Dim}.", "n_heads", at + 12);
        if (header.Heads % header.KvHeads != 0)
            throw file.Wrong($"{kind}{header.KvHeads} key and value heads do not divide {header.Heads} heads.", "n_kv_heads", at + 16);
    }
}
