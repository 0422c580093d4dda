using Heed.Formats;
using Heed.Kernels.Quantization;
using Heed.Models.Checkpoints;

namespace Heed.Models.Quantization;

/// <summary>
/// Importance matrices as files: a GGUF of general.type "imatrix" with, for each matrix by GGUF's name of it, the sum of squares of
/// each column of its inputs (NAME.in_sum2) and the number of inputs (NAME.counts).
/// </summary>
internal static class ImportanceFile
{
    private const string Type = "imatrix", TypeKey = "general.type", DatasetsKey = "imatrix.datasets", ChunksKey = "imatrix.chunk_count", ChunkKey = "imatrix.chunk_size";
    private const string Sums = ".in_sum2", Counts = ".counts";

    public static void Write(string path, ModelConfig config, ImportanceMatrix importance, IReadOnlyList<string> datasets)
    {
        GgufKeys keys = new();
        keys.Set(TypeKey, Type);
        keys.Set(DatasetsKey, datasets);
        keys.Set(ChunksKey, (uint)(importance.Tokens / importance.Window));
        keys.Set(ChunkKey, (uint)importance.Window);
        GgufWriter writer = new(keys);
        foreach ((string layer, string[] matrices) in Matrices(config))
        {
            if (importance.Find(layer) is not { } squares) continue;
            foreach (string matrix in matrices)
            {
                writer.Add(matrix + Sums, WeightType.F32, [1, squares.Sums.Length], stream => Write(stream, squares.Sums));
                writer.Add(matrix + Counts, WeightType.F32, [1, 1], stream => Write(stream, [squares.Rows]));
            }
        }
        writer.Save(path);
    }

    public static ImportanceMatrix Read(string path, ModelConfig config)
    {
        using GgufFile file = GgufFile.Open(path);
        if (!file.Metadata.TryGetString(TypeKey, out string? type) || type != Type)
            throw new FileFormatException(path, $"{TypeKey} is {(type is null ? "absent" : $"'{type}'")}; an importance matrix has '{Type}'.", TypeKey);
        Dictionary<string, InputSquares> layers = [];
        foreach ((string layer, string[] matrices) in Matrices(config))
        {
            // Matrices of one layer see the same inputs.
            string? matrix = Array.Find(matrices, name => file.TryGet(name + Sums, out _));
            if (matrix is not null && Read(file, matrix) is { } squares) layers.Add(layer, squares);
        }
        if (layers.Count == 0) throw new FileFormatException(path, $"none of its {file.Tensors.Count} tensors belongs to a matrix of this {config.Architecture} model.");
        Check(file, layers, config);
        file.Metadata.TryGetInt(ChunkKey, out int window);
        float rows = layers.Values.Max(squares => squares.Rows);
        return new ImportanceMatrix(layers, (int)Math.Min(rows, int.MaxValue), Math.Max(1, window));
    }

    /// <summary>The layers that are multiplied with, and what GGUF calls their matrices.</summary>
    private static IEnumerable<(string Layer, string[] Matrices)> Matrices(ModelConfig config)
    {
        GgufFamily family = GgufFamily.Choose(config);
        foreach (ModelLayer layer in ModelLayer.Of(family.Config))
            if (layer.Kind == ModelLayerKind.Linear || layer.Name == WeightNames.Embedding)
                yield return (layer.Name, [.. family.Names.PartsOf(layer.Name).Select(part => $"{part}.weight")]);
    }

    /// <summary>Null where no input was counted.</summary>
    private static InputSquares? Read(GgufFile file, string matrix)
    {
        float[] sums = Floats(file, matrix + Sums), counts = Floats(file, matrix + Counts);
        if (counts.Length != 1) throw new FileFormatException(file.Path, $"it counts {counts.Length} matrices; expected 1.", matrix + Counts);
        return counts[0] > 0 ? new InputSquares(sums, counts[0]) : null;
    }

    private static float[] Floats(GgufFile file, string name)
    {
        if (!file.TryGet(name, out StoredTensor? tensor)) throw new FileFormatException(file.Path, "the tensor is absent.", name);
        if (tensor.Type != WeightType.F32) throw new FileFormatException(file.Path, $"the tensor is {tensor.Type}; expected F32.", name);
        float[] values = new float[checked((int)tensor.ElementCount)];
        file.ReadFloats(tensor, 0, values);
        int wrong = Array.FindIndex(values, value => !(value >= 0) || !float.IsFinite(value));
        return wrong < 0 ? values : throw new FileFormatException(file.Path, $"number {wrong} is {values[wrong]}; expected 0 or more.", name);
    }

    private static void Check(GgufFile file, Dictionary<string, InputSquares> layers, ModelConfig config)
    {
        foreach (ModelLayer layer in ModelLayer.Of(config))
            if (layers.TryGetValue(layer.Name, out InputSquares? squares) && squares.Sums.Length != layer.Columns)
                throw new FileFormatException(file.Path, $"the layer '{layer.Name}' has {squares.Sums.Length} sums; the model's matrix has {layer.Columns} columns.");
    }

    private static void Write(Stream stream, ReadOnlySpan<float> values)
    {
        byte[] bytes = new byte[values.Length * sizeof(float)];
        Quantize.FromFloat(WeightType.F32, values, [], bytes);
        stream.Write(bytes);
    }
}
