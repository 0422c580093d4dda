namespace Heed.Formats;

/// <summary>The names that safetensors gives the types which can be read.</summary>
internal static class SafetensorsTypes
{
    private static readonly (string Name, WeightType Type)[] Supported =
    [
        ("F32", WeightType.F32), ("F16", WeightType.F16), ("BF16", WeightType.BF16), ("F64", WeightType.F64),
        ("I8", WeightType.I8), ("I16", WeightType.I16), ("I32", WeightType.I32), ("I64", WeightType.I64),
        ("U8", WeightType.U8), ("BOOL", WeightType.Bool),
    ];

    /// <summary>The names, for messages.</summary>
    public static string Names => string.Join(", ", Supported.Select(entry => entry.Name));

    /// <summary>Finds the type that the format calls <paramref name="name"/>.</summary>
    public static bool TryGet(string name, out WeightType type)
    {
        foreach ((string known, WeightType candidate) in Supported)
        {
            if (known != name) continue;
            type = candidate;
            return true;
        }
        type = default;
        return false;
    }

    /// <summary>The format's name of <paramref name="type"/>, or null for block types, which it does not have.</summary>
    public static string? NameOf(WeightType type)
    {
        foreach ((string name, WeightType candidate) in Supported)
            if (candidate == type) return name;
        return null;
    }
}
