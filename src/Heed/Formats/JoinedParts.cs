namespace Heed.Formats;

/// <summary>The tensors, of one shape and type, that another one is made of: one below the other, or side by side.</summary>
internal sealed class JoinedParts
{
    private readonly long _run;

    /// <param name="axis">0 for one below the other; 1 for matrices side by side.</param>
    /// <param name="parts">The tensors, of one or two axes, in order.</param>
    public JoinedParts(int axis, StoredTensor[] parts)
    {
        Axis = axis;
        Parts = parts;
        _run = axis == 0 ? parts[0].ByteLength : parts[0].ByteLength / parts[0].Shape[0];
    }

    /// <summary>The axis along which they are joined.</summary>
    public int Axis { get; }

    /// <summary>The tensors in order.</summary>
    public IReadOnlyList<StoredTensor> Parts { get; }

    /// <summary>Where a byte of the joined tensor is: in which part, its offset there, and how many bytes follow there from it on.</summary>
    public (StoredTensor Part, long Offset, long Length) At(long offset)
    {
        (long row, long inRow) = Math.DivRem(offset, _run * Parts.Count);
        (long part, long inside) = Math.DivRem(inRow, _run);
        return (Parts[(int)part], row * _run + inside, _run - inside);
    }

    /// <summary>The bytes of each part in which those of the joined tensor are.</summary>
    public (long Offset, long Length) InParts(long offset, long length)
    {
        long all = _run * Parts.Count, first = offset / all, end = (offset + length + all - 1) / all;
        return (first * _run, (end - first) * _run);
    }
}
