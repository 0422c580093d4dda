namespace Heed.Formats;

/// <summary>The few PyTorch names that a checkpoint of tensors needs, and what they build.</summary>
internal static class PickleTensors
{
    private const int MaxRank = 64;

    /// <summary>Whether a pickle may name <paramref name="global"/> at all.</summary>
    public static bool IsAllowed(PickleGlobal global) => global switch
    {
        { Module: "collections", Name: "OrderedDict" } => true,
        { Module: "torch._utils", Name: "_rebuild_tensor_v2" } => true,
        _ => TryStorageType(global, out _),
    };

    /// <summary>Calls <paramref name="global"/>: an OrderedDict or a tensor, or null and the problem.</summary>
    public static object? Build(PickleGlobal global, object?[] arguments, out string? problem)
    {
        problem = null;
        switch (global.Name)
        {
            case "OrderedDict" when arguments.Length == 0: return new PickleDictionary();
            case "_rebuild_tensor_v2": return Tensor(arguments, out problem);
            default:
                problem = $"'{global}' is called with {arguments.Length} arguments, which a checkpoint of tensors does not need";
                return null;
        }
    }

    /// <summary>The storage that a persistent id ('storage', type, key, location, count) stands for, or null and the problem.</summary>
    public static PickleStorage? Storage(object? id, out string? problem)
    {
        problem = null;
        if (id is object?[] and ["storage", PickleGlobal global, string key, _, long count])
        {
            if (TryStorageType(global, out WeightType type) && count >= 0) return new PickleStorage(key, type, count);
            problem = $"a storage has type '{global}' and {count} elements";
            return null;
        }
        problem = "a persistent id does not describe a storage";
        return null;
    }

    // Arguments: storage, offset, shape, strides, requires_grad, backward hooks and perhaps metadata.
    private static PickleTensor? Tensor(object?[] arguments, out string? problem)
    {
        problem = null;
        if (arguments is [PickleStorage storage, long offset, object?[] shape, object?[] strides, ..]
            && arguments.Length is >= 4 and <= 7 && offset >= 0 && shape.Length == strides.Length && shape.Length <= MaxRank
            && Sizes(shape) is { } shapeSizes && Sizes(strides) is { } strideSizes)
            return new PickleTensor(storage, offset, shapeSizes, strideSizes);
        problem = "the arguments of torch._utils._rebuild_tensor_v2 are not a storage, an offset, a shape and strides";
        return null;
    }

    private static long[]? Sizes(object?[] values)
    {
        long[] sizes = new long[values.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            if (values[i] is not long size || size < 0) return null;
            sizes[i] = size;
        }
        return sizes;
    }

    private static bool TryStorageType(PickleGlobal global, out WeightType type)
    {
        WeightType? found = global.Module is not "torch" ? null : global.Name switch
        {
            "FloatStorage" => WeightType.F32,
            "HalfStorage" => WeightType.F16,
            "BFloat16Storage" => WeightType.BF16,
            "DoubleStorage" => WeightType.F64,
            "CharStorage" => WeightType.I8,
            "ShortStorage" => WeightType.I16,
            "IntStorage" => WeightType.I32,
            "LongStorage" => WeightType.I64,
            "ByteStorage" => WeightType.U8,
            "BoolStorage" => WeightType.Bool,
            _ => null,
        };
        type = found ?? default;
        return found is not null;
    }
}
