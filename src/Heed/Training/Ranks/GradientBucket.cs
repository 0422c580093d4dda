using Heed.Tensors;

namespace Heed.Training.Ranks;

/// <summary>Gradients side by side in one stretch of memory, which travel together; padded so that it falls into as many equal parts as there are ranks.</summary>
internal sealed class GradientBucket
{
    private readonly int _used;

    /// <param name="pieces">The gradients in it.</param>
    /// <param name="ranks">How many ranks share the work on it.</param>
    /// <param name="device">Where it lies.</param>
    public GradientBucket(IReadOnlyList<GradientPiece> pieces, int ranks, Device device)
    {
        Pieces = pieces;
        _used = pieces[^1].At + pieces[^1].Count;
        PartLength = (_used + ranks - 1) / ranks;
        Shape = new Shape(checked(PartLength * ranks));
        Device = device;
    }

    /// <summary>What lies where.</summary>
    public IReadOnlyList<GradientPiece> Pieces { get; }

    /// <summary>The elements of a rank's part.</summary>
    public int PartLength { get; }

    /// <summary>The elements of all parts.</summary>
    public Shape Shape { get; }

    /// <summary>Where it lies.</summary>
    public Device Device { get; }

    /// <summary>All of it.</summary>
    public Tensor Memory => field ??= Tensor.AllocateUnscoped(Shape, Device);

    /// <summary>This rank's part of the sums, where ranks share them out.</summary>
    public Tensor Own => field ??= Tensor.AllocateUnscoped(new Shape(PartLength), Device);

    /// <summary>The bytes of the gradients, padding left out.</summary>
    public long Bytes => (long)_used * sizeof(float);

    /// <summary>A gradient's place in memory that is laid out as this bucket.</summary>
    public static Span<float> Place(Tensor memory, in GradientPiece piece) => memory.AsSpan().Slice(piece.At, piece.Count);

    /// <summary>Sets to 0 what is no gradient's.</summary>
    public void ClearPadding(Tensor memory) => memory.AsSpan()[_used..].Clear();

    /// <summary>What of a gradient lies in a rank's part: where in the gradient it begins, where in the part, and how much it is.</summary>
    public (int Start, int At, int Count) Share(in GradientPiece piece, int rank)
    {
        int begin = Math.Max(piece.At, rank * PartLength), end = Math.Min(piece.At + piece.Count, (rank + 1) * PartLength);
        return begin < end ? (begin - piece.At, begin - rank * PartLength, end - begin) : default;
    }
}
