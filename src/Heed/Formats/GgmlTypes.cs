namespace Heed.Formats;

/// <summary>ggml's numbers for tensor types, as GGUF files carry them.</summary>
internal static class GgmlTypes
{
    private static readonly (uint Number, WeightType Type)[] Supported =
    [
        (0, WeightType.F32), (1, WeightType.F16), (2, WeightType.Q4_0), (3, WeightType.Q4_1), (6, WeightType.Q5_0), (7, WeightType.Q5_1),
        (8, WeightType.Q8_0), (10, WeightType.Q2_K), (11, WeightType.Q3_K), (12, WeightType.Q4_K), (13, WeightType.Q5_K),
        (14, WeightType.Q6_K), (20, WeightType.IQ4_NL), (23, WeightType.IQ4_XS), (24, WeightType.I8), (25, WeightType.I16),
        (26, WeightType.I32), (27, WeightType.I64), (28, WeightType.F64), (30, WeightType.BF16),
    ];

    /// <summary>Finds the type with ggml's <paramref name="number"/>.</summary>
    public static bool TryGet(uint number, out WeightType type)
    {
        foreach ((uint known, WeightType candidate) in Supported)
        {
            if (known != number) continue;
            type = candidate;
            return true;
        }
        type = default;
        return false;
    }

    /// <summary>ggml's number of <paramref name="type"/>, or false where it has none (Bool, U8).</summary>
    public static bool TryGetNumber(WeightType type, out uint number)
    {
        foreach ((uint known, WeightType candidate) in Supported)
        {
            if (candidate != type) continue;
            number = known;
            return true;
        }
        number = 0;
        return false;
    }

    /// <summary>What an unsupported number stands for: "16 (IQ2_XXS)".</summary>
    public static string Describe(uint number)
    {
        string? name = number switch
        {
            4 => "Q4_2, withdrawn",
            5 => "Q4_3, withdrawn",
            9 => "Q8_1",
            15 => "Q8_K",
            16 => "IQ2_XXS",
            17 => "IQ2_XS",
            18 => "IQ3_XXS",
            19 => "IQ1_S",
            21 => "IQ3_S",
            22 => "IQ2_S",
            29 => "IQ1_M",
            31 or 32 or 33 => "a repacked Q4_0, withdrawn",
            34 => "TQ1_0",
            35 => "TQ2_0",
            36 or 37 or 38 => "a repacked IQ4_NL, withdrawn",
            39 => "MXFP4",
            40 => "NVFP4",
            _ => null,
        };
        return name is null ? $"{number}" : $"{number} ({name})";
    }

    /// <summary>The names of the types that can be read.</summary>
    public static string SupportedNames => string.Join(", ", Supported.Select(entry => entry.Type));
}
