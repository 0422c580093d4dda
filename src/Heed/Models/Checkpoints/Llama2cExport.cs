using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Heed.Formats;
using Heed.Models.Quantization;

namespace Heed.Models.Checkpoints;

/// <summary>Writes models as llama2.c checkpoints of version 0, float32, which its run.c reads.</summary>
public static class Llama2cExport
{
    /// <summary>
    /// Writes a checkpoint's model, some rows at a time. The file appears under its name only once it is complete; one of that
    /// name is replaced.
    /// </summary>
    /// <param name="checkpoint">A Llama model with rotary base 10000, ε 1e-5 and no biases: the format fixes them.</param>
    /// <param name="path">Where to; must not be one of the checkpoint's own files.</param>
    /// <param name="progress">Told the share that is written, 0 to 1.</param>
    /// <param name="cancellation">Ends it within the time of some rows; nothing stays.</param>
    /// <exception cref="NotSupportedException">The format cannot say what the model is; the message says what does not fit.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there stays.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void Write(Checkpoint checkpoint, string path, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentException.ThrowIfNullOrEmpty(path);
        Llama2cHeader header = Header(checkpoint.Config);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16))
            {
                Write(stream, header, new CheckpointRows(checkpoint), progress, cancellation);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static Llama2cHeader Header(ModelConfig config)
    {
        Llama2cHeader header = new(config.HiddenSize, config.FeedForwardSize, config.NumLayers, config.NumHeads, config.KvHeads, config.VocabSize, config.MaxSeqLen, config.TieEmbeddings, Version: 0, GroupSize: 0);
        ModelConfig written = config with { Architecture = "llama2.c", NumKvHeads = config.KvHeads, RotaryDim = config.RotaryDim == config.HeadSize ? null : config.RotaryDim };
        string[] lost = HuggingFaceFamily.Differences(written, Llama2cConfig.Read(header));
        return lost.Length == 0 ? header : throw new NotSupportedException($"Llama2cExport: llama2.c's format has no place for this configuration: {string.Join("; ", lost)}.");
    }

    private static void Write(FileStream stream, Llama2cHeader header, CheckpointRows rows, IProgress<double>? progress, CancellationToken cancellation)
    {
        Span<byte> sizes = stackalloc byte[7 * sizeof(int)];
        int[] numbers = [header.Dim, header.HiddenDim, header.Layers, header.Heads, header.KvHeads, header.SharedClassifier ? header.Vocab : -header.Vocab, header.SeqLen];
        for (int i = 0; i < numbers.Length; i++) BinaryPrimitives.WriteInt32LittleEndian(sizes[(i * sizeof(int))..], numbers[i]);
        stream.Write(sizes);
        int[]? order = rows.Config.RopeLayout == RopeLayout.Interleaved ? null : RopePermutation.ToInterleaved(header.Heads + header.KvHeads, header.HeadDim);
        Dictionary<string, ModelLayer> layers = ModelLayer.Of(rows.Config).ToDictionary(layer => layer.Name);
        List<(ModelLayer Layer, int First, int Count)> parts = [.. Parts(header, layers)];
        for (int i = 0; i < parts.Count; i++)
        {
            if (parts[i].Layer.Kind == ModelLayerKind.Norm) stream.Write(MemoryMarshal.AsBytes<float>(rows.Vector(parts[i].Layer, bias: false)));
            else WriteMatrix(stream, rows.Matrix(parts[i].Layer), parts[i], order, cancellation);
            // Cosines and sines, which readers compute anew.
            if (parts[i].Layer.Name == WeightNames.FinalNorm) stream.Write(new byte[checked(header.SeqLen * (header.HeadDim / 2) * 2 * sizeof(float))]);
            progress?.Report((double)(i + 1) / parts.Count);
        }
    }

    /// <summary>Each kind of tensor for all layers, in the format's order.</summary>
    private static IEnumerable<(ModelLayer Layer, int First, int Count)> Parts(Llama2cHeader header, Dictionary<string, ModelLayer> layers)
    {
        int dim = header.Dim, keys = header.KvDim, inner = header.HiddenDim;
        (string Name, int First, int Count)[] kinds =
        [
            (WeightNames.AttentionNorm, 0, dim), (WeightNames.Qkv, 0, dim), (WeightNames.Qkv, dim, keys), (WeightNames.Qkv, dim + keys, keys), (WeightNames.AttentionOutput, 0, dim),
            (WeightNames.FeedForwardNorm, 0, dim), (WeightNames.Up, 0, inner), (WeightNames.Down, 0, dim), (WeightNames.Up, inner, inner),
        ];
        yield return (layers[WeightNames.Embedding], 0, header.Vocab);
        foreach ((string name, int first, int count) in kinds)
            for (int i = 0; i < header.Layers; i++) yield return (layers[$"{WeightNames.Blocks}.{i}.{name}"], first, count);
        yield return (layers[WeightNames.FinalNorm], 0, dim);
        if (!header.SharedClassifier) yield return (layers[WeightNames.Output], 0, header.Vocab);
    }

    private static void WriteMatrix(FileStream stream, MatrixRows rows, (ModelLayer Layer, int First, int Count) part, int[]? order, CancellationToken cancellation)
    {
        bool turns = order is not null && part.Layer.Name.EndsWith(WeightNames.Qkv, StringComparison.Ordinal);
        float[] row = new float[part.Layer.Columns];
        for (int i = part.First; i < part.First + part.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            rows.Read(turns && i < order!.Length ? order[i] : i, row);
            stream.Write(MemoryMarshal.AsBytes<float>(row));
        }
    }
}
