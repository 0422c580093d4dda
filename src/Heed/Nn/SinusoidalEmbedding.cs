using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Fixed sinusoidal position vectors as a table that learns nothing (Vaswani et al. 2017, arXiv 1706.03762). Rows are
/// computed when they are first asked for, so that a bound far beyond what is used costs nothing.
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class SinusoidalEmbedding : Embedding
{
    private const int FirstRows = 256;

    private readonly Lock _gate = new();
    private readonly SinusoidalLayout _layout;
    private readonly Device _device;
    private volatile Tensor _table;

    /// <summary>Vectors of size <paramref name="dim"/> for positions 0 … <paramref name="count"/> − 1.</summary>
    /// <param name="count">Positions from here on are an error.</param>
    /// <param name="dim">The size of a vector; odd ones end with a sine.</param>
    /// <param name="layout">How sines and cosines lie.</param>
    /// <param name="device">Where the table lives; the CPU if null.</param>
    public SinusoidalEmbedding(int count, int dim, SinusoidalLayout layout = SinusoidalLayout.Interleaved, Device? device = null)
        : base(count, dim)
    {
        _layout = layout;
        _device = device ?? Device.Cpu;
        _table = Build(Math.Min(count, FirstRows));
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<int> ids)
    {
        int length = 0;
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)Count) throw new ArgumentOutOfRangeException(nameof(ids), id, $"SinusoidalEmbedding: position {id} is out of bounds; expected 0 to {Count - 1}.");
            length = Math.Max(length, id + 1);
        }
        return Ops.Gather(TableFor(length), ids);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always: positions are no output layer.</exception>
    public override Linear AsLinear() => throw new NotSupportedException("SinusoidalEmbedding: positions cannot be tied to an output layer.");

    private Tensor TableFor(int length)
    {
        Tensor table = _table;
        if (length <= table.Shape[0]) return table;
        lock (_gate)
        {
            if (length > _table.Shape[0]) _table = Build((int)Math.Min(Count, 2L * length));
            return _table;
        }
    }

    private Tensor Build(int rows)
    {
        Tensor table = Tensor.AllocateUnscoped(Shape.Of(rows, Dim), _device);
        using TensorScope.Lease lease = TensorScope.Begin();
        table.Assign(_layout == SinusoidalLayout.Interleaved
            ? SinusoidalPositions.Interleaved(rows, Dim, device: _device)
            : SinusoidalPositions.Concatenated(rows, Dim, device: _device));
        return table;
    }
}
