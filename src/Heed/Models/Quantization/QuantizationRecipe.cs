using System.Diagnostics.CodeAnalysis;
using Heed.Kernels.Quantization;

namespace Heed.Models.Quantization;

/// <summary>Which weight type each matrix of a model gets; the mixed ones are llama.cpp's rules, by its names.</summary>
public sealed class QuantizationRecipe
{
    private static readonly QuantizationRecipe[] s_all =
    [
        new("f32", 0, WeightType.F32), new("f16", 1, WeightType.F16), new("bf16", 32, WeightType.BF16), new("q8_0", 7, WeightType.Q8_0),
        new("q6_k", 18, WeightType.Q6_K), new("q5_k_m", 17, WeightType.Q5_K), new("q5_k_s", 16, WeightType.Q5_K), new("q5_1", 9, WeightType.Q5_1), new("q5_0", 8, WeightType.Q5_0),
        new("q4_k_m", 15, WeightType.Q4_K), new("q4_k_s", 14, WeightType.Q4_K), new("q4_1", 3, WeightType.Q4_1), new("q4_0", 2, WeightType.Q4_0),
        new("iq4_nl", 25, WeightType.IQ4_NL), new("iq4_xs", 30, WeightType.IQ4_XS),
        new("q3_k_l", 13, WeightType.Q3_K), new("q3_k_m", 12, WeightType.Q3_K), new("q3_k_s", 11, WeightType.Q3_K), new("q2_k", 10, WeightType.Q2_K), new("q2_k_s", 21, WeightType.Q2_K),
    ];

    private QuantizationRecipe(string name, uint fileType, WeightType type)
    {
        Name = name;
        FileType = fileType;
        Type = type;
    }

    /// <summary>All recipes, the largest first.</summary>
    public static IReadOnlyList<QuantizationRecipe> All => s_all;

    /// <summary>The name: "q4_k_m".</summary>
    public string Name { get; }

    /// <summary>The type of most matrices.</summary>
    public WeightType Type { get; }

    /// <summary>Whether the matrices stay plain numbers: F32, F16 or BF16.</summary>
    public bool IsPlain => BlockSizes.ElementsPerBlock(Type) == 1;

    /// <summary>GGUF's number of it, general.file_type.</summary>
    internal uint FileType { get; }

    /// <summary>The recipe of a name, in capitals or not; "q4_k", "q5_k" and "q3_k" are the medium ones.</summary>
    public static bool TryFind(string name, [NotNullWhen(true)] out QuantizationRecipe? recipe)
    {
        ArgumentNullException.ThrowIfNull(name);
        string wanted = name.ToLowerInvariant() is "q4_k" or "q5_k" or "q3_k" ? $"{name}_m" : name;
        recipe = Array.Find(s_all, candidate => candidate.Name.Equals(wanted, StringComparison.OrdinalIgnoreCase));
        return recipe is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The type for a matrix, whether or not its rows are whole blocks of it.</summary>
    internal WeightType TypeOf(in RecipeMatrix matrix)
    {
        if (IsPlain) return Type;
        return matrix.Role switch
        {
            MatrixRole.Output => Type == WeightType.Q8_0 ? Type : WeightType.Q6_K,
            MatrixRole.Values => OfValues(matrix),
            MatrixRole.Down => OfDown(matrix),
            MatrixRole.AttentionOutput => Name switch
            {
                "q2_k" => WeightType.Q3_K,
                "q3_k_m" => WeightType.Q4_K,
                "q3_k_l" => WeightType.Q5_K,
                _ => Type,
            },
            MatrixRole.Fused => Name switch
            {
                "q3_k_m" or "q3_k_l" => WeightType.Q4_K,
                "q4_k_m" => WeightType.Q5_K,
                "q5_k_m" => WeightType.Q6_K,
                _ => Type,
            },
            _ => Type,
        };
    }

    /// <summary>What takes a type's place where a row is no whole number of its blocks; the type itself where it is.</summary>
    internal static WeightType ForRows(WeightType type, long columns)
    {
        if (columns % BlockSizes.ElementsPerBlock(type) == 0) return type;
        WeightType smaller = type switch
        {
            WeightType.Q2_K or WeightType.Q3_K or WeightType.IQ4_XS => WeightType.IQ4_NL,
            WeightType.Q4_K => WeightType.Q5_0,
            WeightType.Q5_K => WeightType.Q5_1,
            WeightType.Q6_K => WeightType.Q8_0,
            _ => WeightType.F16,
        };
        return columns % BlockSizes.ElementsPerBlock(smaller) == 0 ? smaller : WeightType.F16;
    }

    private WeightType OfValues(in RecipeMatrix matrix)
    {
        WeightType type = Name switch
        {
            "q2_k" => matrix.HeadsPerGroup >= 4 ? WeightType.Q4_K : WeightType.Q3_K,
            "q2_k_s" when matrix.HeadsPerGroup >= 4 => WeightType.Q4_K,
            "q3_k_m" => matrix.Layer < 2 ? WeightType.Q5_K : WeightType.Q4_K,
            "q3_k_l" => WeightType.Q5_K,
            "iq4_nl" or "iq4_xs" when matrix.HeadsPerGroup >= 4 => WeightType.Q5_K,
            "q4_k_m" or "q5_k_m" when UsesMoreBits(matrix) => WeightType.Q6_K,
            "q4_k_s" when matrix.Layer < 4 => WeightType.Q5_K,
            _ => Type,
        };
        // In a 70B model eight heads share these: they are small, and more bits for them cost nothing.
        bool shared = matrix is { Layers: 80, HeadsPerGroup: > 1 };
        return shared && type is (WeightType.Q3_K or WeightType.Q4_K) ? WeightType.Q5_K : type;
    }

    private WeightType OfDown(in RecipeMatrix matrix)
    {
        int layer = matrix.Layer, eighth = matrix.Layers / 8;
        return Name switch
        {
            "q2_k" => WeightType.Q3_K,
            "q2_k_s" when layer < eighth => WeightType.Q4_K,
            "q3_k_m" => layer < matrix.Layers / 16 ? WeightType.Q5_K : WeightType.Q4_K,
            "q3_k_l" => WeightType.Q5_K,
            "q4_k_m" or "q5_k_m" when UsesMoreBits(matrix) => WeightType.Q6_K,
            "iq4_nl" or "iq4_xs" when layer < eighth && !matrix.HasImportance => WeightType.Q5_K,
            "q4_k_s" when layer < eighth => WeightType.Q5_K,
            "q4_0" when layer < eighth && matrix.HasImportance => WeightType.Q4_1,
            "q5_0" when layer < eighth && matrix.HasImportance => WeightType.Q5_1,
            _ => Type,
        };
    }

    // The first and the last eighth, and every third between.
    private static bool UsesMoreBits(in RecipeMatrix matrix)
    {
        int layer = matrix.Layer, layers = matrix.Layers;
        return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
    }
}
