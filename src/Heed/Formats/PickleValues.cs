namespace Heed.Formats;

/// <summary>A storage that a pickle refers to: <paramref name="Count"/> elements in the archive's entry data/<paramref name="Key"/>.</summary>
internal sealed record PickleStorage(string Key, WeightType Type, long Count);

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
                // An overflowing product cannot equal a later stride that fits a storage, and the shape is checked against it.
                expected = unchecked(expected * Shape[axis]);
            }
            return true;
        }
    }
}

/// <summary>A dict or OrderedDict: its items in order, repeated keys kept.</summary>
internal sealed class PickleDictionary
{
    public List<KeyValuePair<object, object?>> Items { get; } = [];
}

/// <summary>One of the few names that a pickle may refer to.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}
