namespace Heed.Formats;

/// <summary>Walks through a llama2.c checkpoint in the order of its version and gives each layer's part its own name.</summary>
internal sealed class Llama2cLayout(MappedFile file, Llama2cHeader header, long start)
{
    private readonly List<StoredTensor> tensors = [];
    private long position = start;

    /// <summary>All tensors; the file's length must be what they take.</summary>
    public IReadOnlyList<StoredTensor> Tensors()
    {
        if (header.Version == 0) WalkLegacy();
        else WalkExported();
        return position == file.Length
            ? tensors
            : throw file.Wrong($"the header's sizes demand {position} bytes, and the file has {file.Length}: trailing bytes, or not a llama2.c checkpoint.",
                offset: position);
    }

    private void WalkLegacy()
    {
        Matrix("token_embedding_table", header.Vocab, header.Dim);
        PerLayer("rms_att_weight", [header.Dim]);
        AttentionMatrices();
        PerLayer("rms_ffn_weight", [header.Dim]);
        FeedForwardMatrices();
        Floats("rms_final_weight", [header.Dim]);
        // Cosines and sines of the rotary angles, which are computed anew.
        Advance("freq_cis", 2 * sizeof(float), header.SeqLen, header.HeadDim / 2);
        if (!header.SharedClassifier) Matrix("wcls", header.Vocab, header.Dim);
    }

    private void WalkExported()
    {
        PerLayer("rms_att_weight", [header.Dim]);
        PerLayer("rms_ffn_weight", [header.Dim]);
        Floats("rms_final_weight", [header.Dim]);
        Matrix("token_embedding_table", header.Vocab, header.Dim);
        AttentionMatrices();
        FeedForwardMatrices();
        if (!header.SharedClassifier) Matrix("wcls", header.Vocab, header.Dim);
    }

    private void AttentionMatrices()
    {
        MatrixPerLayer("wq", header.Dim, header.Dim);
        MatrixPerLayer("wk", header.KvDim, header.Dim);
        MatrixPerLayer("wv", header.KvDim, header.Dim);
        MatrixPerLayer("wo", header.Dim, header.Dim);
    }

    private void FeedForwardMatrices()
    {
        MatrixPerLayer("w1", header.HiddenDim, header.Dim);
        MatrixPerLayer("w2", header.Dim, header.HiddenDim);
        MatrixPerLayer("w3", header.HiddenDim, header.Dim);
    }

    private void PerLayer(string name, long[] shape)
    {
        for (int i = 0; i < header.Layers; i++) Floats($"layers.{i}.{name}", [.. shape]);
    }

    private void MatrixPerLayer(string name, int rows, int columns)
    {
        for (int i = 0; i < header.Layers; i++) Matrix($"layers.{i}.{name}", rows, columns);
    }

    private void Matrix(string name, int rows, int columns)
    {
        if (header.GroupSize == 0) Floats(name, [rows, columns]);
        else Groups(name, rows, columns);
    }

    private void Floats(string name, long[] shape)
    {
        long at = position;
        long bytes = Advance(name, sizeof(float), shape[0], shape.Length > 1 ? shape[1] : 1);
        tensors.Add(new StoredTensor(name, WeightType.F32, shape, at, bytes));
    }

    // All of a matrix's values, then its scales; groups run on across rows, so only the whole must be a multiple.
    private void Groups(string name, int rows, int columns)
    {
        long at = position;
        long count = Advance(name, 1, rows, columns);
        if (count % header.GroupSize != 0)
            throw file.Wrong($"{count} values are no whole number of groups of {header.GroupSize}.", name, at);
        long scales = position;
        Advance(name, sizeof(float), count / header.GroupSize, 1);
        tensors.Add(new StoredTensor(name, WeightType.I8, [rows, columns], at, count) { GroupSize = header.GroupSize, ScaleOffset = scales });
    }

    private long Advance(string name, int elementBytes, long rows, long columns)
    {
        // Both factors come from 31-bit sizes (or from a count that the file holds), so only the element's size can overflow.
        Int128 bytes = (Int128)rows * columns * elementBytes;
        if (bytes > file.Length - position)
            throw file.Wrong($"{(header.Version == 0 ? "not a llama2.c checkpoint, or truncated" : "truncated")}: " +
                $"[{rows}, {columns}] takes {bytes} bytes, and {file.Length - position} are left.", name, position);
        position += (long)bytes;
        return (long)bytes;
    }
}
