using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// What a mixer keeps of the tokens that it has seen; its memory is taken once and does not grow, but for layers that keep every
/// token and know no bound. Belongs to one generation at a time, and to the layer that made it.
/// </summary>
public sealed class MixerState : IDisposable
{
    private readonly SequenceMixer _owner;
    private readonly Tensor[] _parts;
    private readonly int[] _lengths;

    internal MixerState(SequenceMixer owner, Device device, int batch, params ReadOnlySpan<Shape> parts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        _owner = owner;
        _lengths = new int[batch];
        _parts = new Tensor[parts.Length];
        for (int i = 0; i < parts.Length; i++) _parts[i] = Tensor.AllocateOwned(parts[i], device);
        Clear();
    }

    /// <summary>The number of rows.</summary>
    public int Batch => _lengths.Length;

    /// <summary>The number of tokens seen, in each row; where rows differ, in the longest.</summary>
    public long Length => _lengths.Max();

    /// <summary>The memory that the state takes, in bytes.</summary>
    public long Bytes => _parts.Sum(part => (long)part.ElementCount * (part.DType == DType.Float32 ? sizeof(float) : sizeof(double)));

    /// <summary>Forgets all tokens.</summary>
    public void Clear()
    {
        foreach (Tensor part in _parts) part.Backend.Fill(part, 0);
        Array.Clear(_lengths);
    }

    /// <summary>Forgets a row's tokens.</summary>
    internal void Clear(int row)
    {
        using (TensorScope.Begin())
        {
            foreach (Tensor part in _parts) part.Backend.Fill(part.Slice(0, row, 1), 0);
        }
        _lengths[row] = 0;
    }

    /// <summary>The number of tokens that a row has seen.</summary>
    internal int LengthOf(int row) => _lengths[row];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor part in _parts) part.Dispose();
    }

    /// <summary>A state of its own whose row i is what row rows[i] is here, or has seen nothing where that is −1.</summary>
    internal MixerState Select(ReadOnlySpan<int> rows)
    {
        Shape[] shapes = new Shape[_parts.Length];
        for (int i = 0; i < shapes.Length; i++) shapes[i] = _parts[i].Shape.WithAxis(0, rows.Length);
        MixerState selected = new(_owner, _parts[0].Device, rows.Length, shapes);
        using TensorScope.Lease lease = TensorScope.Begin();
        for (int row = 0; row < rows.Length; row++)
        {
            if (rows[row] < 0) continue;
            selected._lengths[row] = _lengths[rows[row]];
            for (int i = 0; i < shapes.Length; i++) selected._parts[i].Slice(0, row, 1).Assign(_parts[i].Slice(0, rows[row], 1));
        }
        return selected;
    }

    /// <summary>One of the tensors.</summary>
    internal Tensor Part(int index) => _parts[index];

    /// <summary>The room for so many tokens of what begins with room for <paramref name="first"/> and doubles.</summary>
    internal static int CapacityFor(int tokens, int first)
    {
        while (first < tokens) first = checked(2 * first);
        return first;
    }

    /// <summary>Makes room for so many tokens, [batch, tokens, …], in each part.</summary>
    internal void Grow(int tokens)
    {
        int room = _parts[0].Shape[1];
        if (tokens <= room) return;
        int larger = CapacityFor(tokens, room);
        using TensorScope.Lease lease = TensorScope.Begin();
        for (int i = 0; i < _parts.Length; i++)
        {
            Tensor old = _parts[i];
            _parts[i] = Tensor.AllocateOwned(old.Shape.WithAxis(1, larger), old.Device);
            _parts[i].Backend.Fill(_parts[i], 0);
            _parts[i].Slice(1, 0, room).Assign(old);
            old.Dispose();
        }
    }

    /// <summary>Throws where tokens cannot be added: the state is another layer's, or has another number of rows.</summary>
    internal void Check(SequenceMixer layer, Tensor x)
    {
        if (!ReferenceEquals(layer, _owner)) throw new ArgumentException("Append: the state is another layer's; make one with this layer's CreateState.", nameof(layer));
        if (x.Shape[0] != Batch) throw new ArgumentException($"Append: x has shape {x.Shape}; expected {Batch} rows, as the state has.", nameof(x));
    }

    /// <summary>Counts tokens that have been seen, row by row; those at −1 are padding.</summary>
    internal void Advance(ReadOnlySpan<int> positions)
    {
        int seq = positions.Length / Batch;
        for (int i = 0; i < positions.Length; i++)
            if (positions[i] >= 0) _lengths[i / seq] = positions[i] + 1;
    }
}
