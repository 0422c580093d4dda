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
        if (axes.Length > MaxRank)
            TensorErrors.Argument($"Shape: got {axes.Length} axes; at most {MaxRank} are supported.");
        _rank = axes.Length;
        long count = 1;
        for (int i = 0; i < axes.Length; i++)
        {
            if (axes[i] < 0) TensorErrors.Argument($"Shape: axis {i} has size {axes[i]}; sizes are 0 or more.");
            _axes[i] = axes[i];
            count = axes[i] == 0 ? 0 : count * axes[i];
            if (count > int.MaxValue) TensorErrors.Argument($"Shape: [{string.Join(", ", axes.ToArray())}] has 2^31 elements or more.");
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
    public int this[Index axis]
    {
        get
        {
            int i = axis.GetOffset(_rank);
            if ((uint)i >= (uint)_rank) TensorErrors.Argument($"Shape: axis {axis} is outside {this}.");
            return _axes[i];
        }
    }

    /// <summary>Two axes.</summary>
    public static Shape Of(int a, int b) => new([a, b]);

    /// <summary>The same axes with the last one replaced by <paramref name="size"/>.</summary>
    public Shape WithLast(int size)
    {
        if (_rank == 0) TensorErrors.Argument("Shape: a scalar has no last axis.");
        int last = _axes[_rank - 1];
        if (last == 0) return WithAxis(_rank - 1, size);
        long count = (long)(ElementCount / last) * size;
        if (size < 0 || count > int.MaxValue) TensorErrors.Argument($"Shape: last axis {size} does not fit {this}.");
        Axes axes = _axes;
        axes[_rank - 1] = size;
        return new Shape(axes, _rank, (int)count);
    }

    /// <summary>The same axes with the one at <paramref name="axis"/> replaced by <paramref name="size"/>.</summary>
    public Shape WithAxis(int axis, int size)
    {
        if ((uint)axis >= (uint)_rank) TensorErrors.Argument($"Shape: axis {axis} is outside {this}.");
        Span<int> sizes = stackalloc int[MaxRank];
        CopyTo(sizes);
        sizes[axis] = size;
        return new Shape(sizes[.._rank]);
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
