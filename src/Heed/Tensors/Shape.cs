using System.Runtime.CompilerServices;

namespace Heed.Tensors;

/// <summary>
/// The sizes of a tensor's axes, outermost first; at most <see cref="MaxRank"/> axes, each of 0 or more elements.
/// A value of its own: it holds its sizes inline and allocates nothing.
/// </summary>
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>The largest number of axes.</summary>
    public const int MaxRank = 8;

    private readonly Axes _axes;
    private readonly int _rank;
    private readonly int _count;

    /// <summary>Makes a shape from its axis sizes.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxRank"/> axes, a negative size, or 2³¹ elements and more.</exception>
    public Shape(params ReadOnlySpan<int> axes)
    {
        if (axes.Length > MaxRank) TensorErrors.BadShape(axes);
        _rank = axes.Length;
        long count = 1;
        for (int i = 0; i < axes.Length; i++)
        {
            int size = axes[i];
            _axes[i] = size;
            count *= size;
            if (size < 0 || count > int.MaxValue) TensorErrors.BadShape(axes);
        }
        _count = (int)count;
    }

    private Shape(in Axes axes, int rank, int count)
    {
        _axes = axes;
        _rank = rank;
        _count = count;
    }

    /// <summary>The number of axes; 0 for a scalar.</summary>
    public int Rank => _rank;

    /// <summary>The product of all sizes; 1 for a scalar.</summary>
    public int ElementCount => _rank == 0 ? 1 : _count; // new Shape() skips the constructor, and is a scalar all the same

    /// <summary>The size of an axis; <c>^1</c> is the last one.</summary>
    public int this[Index axis] => this[axis.GetOffset(_rank)];

    /// <summary>The size of an axis, counted from the outermost one.</summary>
    public int this[int axis]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)axis >= (uint)_rank) TensorErrors.NoAxis(axis, this);
            return _axes[axis];
        }
    }

    /// <summary>Two axes.</summary>
    public static Shape Of(int a, int b) => new([a, b]);

    /// <summary>The same axes with the last one replaced by <paramref name="size"/>.</summary>
    public Shape WithLast(int size)
    {
        if (_rank == 0) TensorErrors.NoAxis(-1, this);
        return WithAxis(_rank - 1, size);
    }

    /// <summary>The same axes with the one at <paramref name="axis"/> replaced by <paramref name="size"/>.</summary>
    public Shape WithAxis(int axis, int size)
    {
        if ((uint)axis >= (uint)_rank) TensorErrors.NoAxis(axis, this);
        Axes axes = _axes;
        axes[axis] = size;
        long count = 1;
        for (int i = 0; i < _rank; i++)
        {
            count *= axes[i];
            if (count > int.MaxValue || size < 0) TensorErrors.BadShape(axes[.._rank]);
        }
        return new Shape(axes, _rank, (int)count);
    }

    /// <summary>Writes the sizes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<int> destination)
    {
        for (int i = 0; i < _rank; i++) destination[i] = _axes[i];
    }

    /// <summary>The sizes as a new array.</summary>
    public int[] ToArray()
    {
        int[] sizes = new int[_rank];
        CopyTo(sizes);
        return sizes;
    }

    /// <inheritdoc/>
    public bool Equals(Shape other)
    {
        if (_rank != other._rank) return false;
        for (int i = 0; i < _rank; i++)
            if (_axes[i] != other._axes[i]) return false;
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        for (int i = 0; i < _rank; i++) hash.Add(_axes[i]);
        return hash.ToHashCode();
    }

    /// <summary>Whether both have the same axes.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Whether the axes differ.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>The sizes in brackets: <c>[2, 3]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", ToArray())}]";

    [InlineArray(MaxRank)]
    internal struct Axes
    {
        private int _first;
    }
}
