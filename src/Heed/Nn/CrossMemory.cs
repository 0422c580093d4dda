using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// What the blocks of a decoder look at: an encoder's output, or the keys and values that each block has made of it once, to be
/// used with every token.
/// </summary>
internal sealed class CrossMemory : IDisposable
{
    private readonly int[] _lengths;
    private readonly StoredKeyValues[] _layers;

    /// <summary>An encoder's output, which gradients reach.</summary>
    /// <param name="states">[batch, memoryLen, hidden].</param>
    /// <param name="lengths">How many places of each row are no padding.</param>
    public CrossMemory(Tensor states, int[] lengths) => (States, _lengths, _layers) = (states, lengths, []);

    /// <summary>Stored keys and values; owned from now on.</summary>
    /// <param name="layers">Of each block.</param>
    /// <param name="lengths">How many of each row there are.</param>
    public CrossMemory(StoredKeyValues[] layers, int[] lengths) => (_layers, _lengths) = (layers, lengths);

    /// <summary>The model whose encoder has read the sources of stored keys and values.</summary>
    public object? Reader { get; init; }

    /// <summary>The encoder's output, or null where keys and values are stored.</summary>
    public Tensor? States { get; }

    /// <summary>The most places of a row.</summary>
    public int Longest => _lengths.Max();

    /// <summary>What the stored keys and values take, in bytes.</summary>
    public long Bytes => _layers.Sum(layer => layer.Bytes);

    /// <summary>The same rows with another output of the encoder.</summary>
    public CrossMemory With(Tensor states) => new(states, _lengths);

    /// <summary>The stored keys and values of a block.</summary>
    public StoredKeyValues Layer(int layer) => _layers[layer];

    /// <summary>Writes the last place that each query sees: those of a row see all of its memory; −1 for none.</summary>
    /// <param name="limits">batch × seq.</param>
    public void Limits(Span<int> limits)
    {
        int seq = limits.Length / _lengths.Length;
        for (int row = 0; row < _lengths.Length; row++) limits.Slice(row * seq, seq).Fill(_lengths[row] - 1);
    }

    /// <summary>Memory of its own whose row i is what row rows[i] is here; nothing where that is −1.</summary>
    public CrossMemory Select(ReadOnlySpan<int> rows)
    {
        int[] lengths = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++) lengths[i] = rows[i] < 0 ? 0 : _lengths[rows[i]];
        StoredKeyValues[] layers = new StoredKeyValues[_layers.Length];
        for (int i = 0; i < layers.Length; i++) layers[i] = _layers[i].Select(rows);
        return new CrossMemory(layers, lengths) { Reader = Reader };
    }

    public void Dispose()
    {
        foreach (StoredKeyValues layer in _layers) layer.Dispose();
    }
}
