namespace Heed.Formats;

/// <summary>A view into a storage; <paramref name="Offset"/> and <paramref name="Strides"/> count elements.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Strides)
{
    /// <summary>Whether the elements follow one another row by row; strides of sizes 1 and of empty tensors do not matter.</summary>
    public bool IsContiguous
    {
        get
        {
            if (Shape.Contains(0)) return true;
            long expected = 1;
            for (int axis = Shape.Length - 1; axis >= 0; axis--)
            {
                if (Shape[axis] == 1) continue;
                if (Strides[axis] != expected) return false;
                // An overflow here does no harm: the element count is checked too, and refuses it.
                expected = unchecked(expected * Shape[axis]);
            }
            return true;
        }
    }
}
