using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// Rotary positions (Su et al. 2021, arXiv 2104.09864): tables of cosines and sines, computed in double and grown as
/// positions are asked for, and their application to heads.
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
[System.Runtime.CompilerServices.SkipLocalsInit]
public sealed class RotaryPositions
{
    private readonly Lock _gate = new();
    private readonly double[] _frequencies;
    private readonly double _amplitude;
    private readonly double _base;
    private readonly RopeScaling _scaling;
    private readonly Device _device;
    private volatile Tables _tables;
    private volatile Tables? _longTables;

    /// <summary>Rotary positions for heads whose first <paramref name="rotaryDim"/> elements turn.</summary>
    /// <param name="rotaryDim">An even number, at most the head's size.</param>
    /// <param name="theta">The base; 10000 in the paper.</param>
    /// <param name="maxPositions">Positions from here on are an error.</param>
    /// <param name="layout">Which elements form a pair.</param>
    /// <param name="scaling">How angles are stretched.</param>
    /// <param name="device">Where the tables live.</param>
    public RotaryPositions(int rotaryDim, double theta, int maxPositions, RopeLayout layout, RopeScaling scaling, Device device)
    {
        if (rotaryDim <= 0 || rotaryDim % 2 != 0)
            throw new ArgumentException($"RotaryPositions: rotaryDim is {rotaryDim}; expected an even number above 0.", nameof(rotaryDim));
        RotaryDim = rotaryDim;
        MaxPositions = maxPositions;
        Layout = layout;
        _base = theta;
        _scaling = scaling;
        _device = device;
        _frequencies = RopeFrequencies.Compute(rotaryDim, theta, scaling, out _amplitude);
        _tables = Build(0, _frequencies);
    }

    /// <summary>How many elements of a head turn.</summary>
    public int RotaryDim { get; }

    /// <summary>The first position that is out of bounds.</summary>
    public int MaxPositions { get; }

    /// <summary>Which elements form a pair.</summary>
    public RopeLayout Layout { get; }

    /// <summary>Turns x [batch, seq, heads, headDim] in place; row r stands at positions[r], −1 leaves it.</summary>
    /// <param name="x">The heads.</param>
    /// <param name="positions">One per row of batch × seq.</param>
    /// <exception cref="ArgumentOutOfRangeException">A position is not below <see cref="MaxPositions"/>.</exception>
    public Tensor Apply(Tensor x, ReadOnlySpan<int> positions)
    {
        int length = 0;
        foreach (int position in positions) length = Math.Max(length, position + 1);
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor copy = x.Clone();
        Apply(new HeadRange(copy), positions, length);
        x.Assign(copy);
        return x;
    }

    /// <summary>Turns heads where they lie.</summary>
    /// <param name="x">The heads.</param>
    /// <param name="positions">One per row of batch × seq.</param>
    /// <param name="length">The longest sequence of the batch so far, which dynamic scaling goes by.</param>
    internal void Apply(in HeadRange x, ReadOnlySpan<int> positions, int length)
    {
        if (length > MaxPositions) ThrowPosition(length - 1);
        // NTK scaling past the original length depends on the length itself, so its angles hold for this call only.
        if (_scaling.Kind == RopeScalingKind.Ntk && length > _scaling.OriginalMaxSeqLen)
        {
            Stretch(x, positions, RopeFrequencies.Ntk(RotaryDim, _base, _scaling, length));
            return;
        }
        Tables tables = TablesFor(length);
        Ops.Rope(x, tables.Cos, tables.Sin, positions, Layout);
    }

    /// <summary>Turns heads by angles that are worked out for this call's rows alone: row r finds its own in row r of the tables.</summary>
    private void Stretch(in HeadRange x, ReadOnlySpan<int> positions, double[] frequencies)
    {
        int half = frequencies.Length;
        float[] cos = new float[positions.Length * half], sin = new float[positions.Length * half];
        int[] rows = new int[positions.Length];
        for (int r = 0; r < rows.Length; r++)
        {
            rows[r] = positions[r] < 0 ? -1 : r;
            FillAngles(positions[r], frequencies, cos.AsSpan(r * half, half), sin.AsSpan(r * half, half));
        }
        using TensorScope.Lease lease = TensorScope.Begin();
        Shape shape = Shape.Of(rows.Length, half);
        Ops.Rope(x, Tensor.From(cos, shape, _device), Tensor.From(sin, shape, _device), rows, Layout);
    }

    private Tables TablesFor(int length)
    {
        if (_scaling.Kind == RopeScalingKind.LongRope && length > _scaling.OriginalMaxSeqLen) return LongTables(length);
        Tables tables = _tables;
        if (length <= tables.Positions) return tables;
        lock (_gate)
        {
            if (length > _tables.Positions) _tables = Build(Room(length), _frequencies);
            return _tables;
        }
    }

    private Tables LongTables(int length)
    {
        if (_longTables is { } tables && tables.Positions >= length) return tables;
        lock (_gate)
        {
            if (_longTables is { } grown && grown.Positions >= length) return grown;
            return _longTables = Build(Room(length), RopeFrequencies.LongRope(RotaryDim, _base, _scaling));
        }
    }

    private int Room(int length) => (int)Math.Min(MaxPositions, Math.Max(256L, 2L * length));

    private Tables Build(int positions, double[] frequencies)
    {
        int half = frequencies.Length;
        float[] cos = new float[positions * half], sin = new float[positions * half];
        for (int p = 0; p < positions; p++) FillAngles(p, frequencies, cos.AsSpan(p * half, half), sin.AsSpan(p * half, half));
        return new Tables(Unscoped(cos, positions, half), Unscoped(sin, positions, half), positions);
    }

    private void FillAngles(int position, double[] frequencies, Span<float> cos, Span<float> sin)
    {
        for (int i = 0; i < frequencies.Length; i++)
        {
            (double s, double c) = Math.SinCos(position * frequencies[i]);
            cos[i] = (float)(c * _amplitude);
            sin[i] = (float)(s * _amplitude);
        }
    }

    private void ThrowPosition(int position) => throw new ArgumentOutOfRangeException(
        nameof(position), position, $"Rope: position {position} is out of bounds; expected 0 to {MaxPositions - 1}.");

    private Tensor Unscoped(float[] values, int positions, int half)
    {
        Tensor table = Tensor.AllocateUnscoped(Shape.Of(positions, half), _device);
        if (values.Length > 0) table.Assign(Tensor.From(values, table.Shape, _device));
        return table;
    }

    private sealed record Tables(Tensor Cos, Tensor Sin, int Positions);
}
