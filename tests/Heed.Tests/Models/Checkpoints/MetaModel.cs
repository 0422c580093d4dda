using System.Buffers.Binary;
using Heed.Tests.Formats;

namespace Heed.Tests.Models.Checkpoints;

/// <summary>A small Llama of random numbers in Meta's layout, in as many files as wanted, each tensor cut as Meta's parallel layers cut it.</summary>
internal sealed class MetaModel
{
    private const int Dim = 32, Heads = 4, KvHeads = 2, Hidden = 96, Layers = 2, Vocab = 64;

    private readonly Random _random = new(1);
    private readonly List<(string Name, int[] Shape, float[] Values, int? Axis)> _tensors = [];

    /// <param name="tableByRows">Whether the vocabulary is cut, as in Llama 3, or the vectors, as before.</param>
    public MetaModel(bool tableByRows)
    {
        Add("tok_embeddings.weight", tableByRows ? 0 : 1, Vocab, Dim);
        for (int i = 0; i < Layers; i++)
        {
            int head = Dim / Heads;
            Add($"layers.{i}.attention.wq.weight", 0, Dim, Dim);
            Add($"layers.{i}.attention.wk.weight", 0, KvHeads * head, Dim);
            Add($"layers.{i}.attention.wv.weight", 0, KvHeads * head, Dim);
            Add($"layers.{i}.attention.wo.weight", 1, Dim, Dim);
            Add($"layers.{i}.feed_forward.w1.weight", 0, Hidden, Dim);
            Add($"layers.{i}.feed_forward.w2.weight", 1, Dim, Hidden);
            Add($"layers.{i}.feed_forward.w3.weight", 0, Hidden, Dim);
            Add($"layers.{i}.attention_norm.weight", null, Dim);
            Add($"layers.{i}.ffn_norm.weight", null, Dim);
        }
        Add("norm.weight", null, Dim);
        Add("output.weight", 0, Vocab, Dim);
        Add("rope.freqs", null, Dim / Heads / 2);
    }

    /// <summary>Changes a file's part of a tensor before it is written: name, file, shape and numbers to shape and numbers, or to null for none.</summary>
    public Func<string, int, (int[] Shape, float[] Values), (int[] Shape, float[] Values)?> Damage { get; init; } = (_, _, part) => part;

    /// <summary>Writes params.json and the files.</summary>
    public void Write(string folder, int files, bool half = true)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "params.json"), $$"""{"dim": {{Dim}}, "multiple_of": 32, "n_heads": {{Heads}}, "n_kv_heads": {{KvHeads}}, "n_layers": {{Layers}}, "norm_eps": 1e-05, "vocab_size": -1}""");
        for (int file = 0; file < files; file++) File.WriteAllBytes(Path.Combine(folder, $"consolidated.{file:00}.pth"), FileOf(file, files, half));
    }

    private byte[] FileOf(int file, int files, bool half)
    {
        PickleBuilder pickle = new PickleBuilder().OrderedDict().Op("(");
        List<byte[]> storages = [];
        foreach (var (name, shape, values, axis) in _tensors)
        {
            if (Damage(name, file, axis is { } along ? Cut(shape, values, along, file, files) : (shape, values)) is not { } part) continue;
            pickle.Text(name).Tensor($"{storages.Count}", part.Values.Length, 0, part.Shape, storage: half ? "BFloat16Storage" : "FloatStorage");
            storages.Add(half ? Halves(part.Values) : GgufModel.Bytes(part.Values));
        }
        ZipBuilder zip = ZipBuilder.Checkpoint(pickle.Op("u.").ToArray());
        for (int i = 0; i < storages.Count; i++) zip.Entry($"model/data/{i}", storages[i]);
        return zip.Build().ToArray();
    }

    private static (int[] Shape, float[] Values) Cut(int[] shape, float[] values, int axis, int file, int files)
    {
        int rows = shape[0], columns = shape[1], share = shape[axis] / files, first = share * file;
        (int row, int count, int column, int width) = axis == 0 ? (first, share, 0, columns) : (0, rows, first, share);
        return ([count, width], [.. Enumerable.Range(row, count).SelectMany(at => values.Skip(at * columns + column).Take(width))]);
    }

    private static byte[] Halves(float[] values)
    {
        byte[] bytes = new byte[2 * values.Length];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16));
        return bytes;
    }

    private void Add(string name, int? axis, params int[] shape) =>
        _tensors.Add((name, shape, [.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(_ => _random.NextSingle() - 0.5f)], axis));
}
