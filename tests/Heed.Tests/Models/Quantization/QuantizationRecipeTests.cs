using Heed.Models.Quantization;

namespace Heed.Tests.Models.Quantization;

/// <summary>llama.cpp's rules, for a model of 32 blocks.</summary>
public sealed class QuantizationRecipeTests
{
    [Theory]
    [InlineData("q4_k_m", WeightType.Q4_K, WeightType.Q6_K, new[] { 0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31 })]
    [InlineData("q5_k_m", WeightType.Q5_K, WeightType.Q6_K, new[] { 0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31 })]
    [InlineData("q4_k_s", WeightType.Q4_K, WeightType.Q5_K, new[] { 0, 1, 2, 3 })]
    [InlineData("q3_k_m", WeightType.Q4_K, WeightType.Q5_K, new[] { 0, 1 })]
    [InlineData("q4_0", WeightType.Q4_0, WeightType.Q6_K, new int[0])]
    public void TypeOf_DownAndValues_FollowTheLayer(string name, WeightType rest, WeightType finer, int[] layers)
    {
        QuantizationRecipe recipe = Find(name);
        foreach (MatrixRole role in (MatrixRole[])[MatrixRole.Down, MatrixRole.Values])
            for (int layer = 0; layer < 32; layer++)
                recipe.TypeOf(new RecipeMatrix(role, layer, 32, 1, HasImportance: false)).ShouldBe(layers.Contains(layer) ? finer : rest, $"{role} {layer}");
    }

    [Theory]
    [InlineData("q2_k", "Values", 1, WeightType.Q3_K), InlineData("q2_k", "Values", 4, WeightType.Q4_K), InlineData("q2_k", "Down", 1, WeightType.Q3_K)]
    [InlineData("q2_k", "AttentionOutput", 1, WeightType.Q3_K), InlineData("q2_k", "Other", 1, WeightType.Q2_K), InlineData("q2_k_s", "Values", 8, WeightType.Q4_K)]
    [InlineData("q3_k_l", "Down", 1, WeightType.Q5_K), InlineData("q3_k_m", "AttentionOutput", 1, WeightType.Q4_K), InlineData("q3_k_s", "Down", 1, WeightType.Q3_K)]
    [InlineData("q4_k_m", "Fused", 1, WeightType.Q5_K), InlineData("q5_k_m", "Fused", 1, WeightType.Q6_K), InlineData("q3_k_m", "Fused", 1, WeightType.Q4_K)]
    [InlineData("iq4_xs", "Values", 4, WeightType.Q5_K), InlineData("iq4_nl", "Values", 2, WeightType.IQ4_NL), InlineData("q8_0", "Output", 1, WeightType.Q8_0)]
    [InlineData("q4_0", "Output", 1, WeightType.Q6_K), InlineData("f16", "Output", 1, WeightType.F16), InlineData("bf16", "Down", 1, WeightType.BF16)]
    public void TypeOf_MiddleLayer_IsLlamaCppsChoice(string name, string role, int group, WeightType expected) =>
        Find(name).TypeOf(new RecipeMatrix(Enum.Parse<MatrixRole>(role), 17, 32, group, HasImportance: false)).ShouldBe(expected);

    [Fact]
    public void TypeOf_WithImportance_SpendsOtherwise()
    {
        Find("q4_0").TypeOf(new RecipeMatrix(MatrixRole.Down, 2, 32, 1, HasImportance: true)).ShouldBe(WeightType.Q4_1);
        Find("iq4_xs").TypeOf(new RecipeMatrix(MatrixRole.Down, 2, 32, 1, HasImportance: true)).ShouldBe(WeightType.IQ4_XS);
        Find("iq4_xs").TypeOf(new RecipeMatrix(MatrixRole.Down, 2, 32, 1, HasImportance: false)).ShouldBe(WeightType.Q5_K);
        Find("q4_k_m").TypeOf(new RecipeMatrix(MatrixRole.Values, 11, 80, 8, HasImportance: false)).ShouldBe(WeightType.Q5_K);
    }

    [Theory]
    [InlineData(WeightType.Q4_K, 512, WeightType.Q4_K), InlineData(WeightType.Q4_K, 704, WeightType.Q5_0), InlineData(WeightType.Q5_K, 96, WeightType.Q5_1), InlineData(WeightType.Q6_K, 288, WeightType.Q8_0)]
    [InlineData(WeightType.Q3_K, 64, WeightType.IQ4_NL), InlineData(WeightType.IQ4_XS, 64, WeightType.IQ4_NL), InlineData(WeightType.Q2_K, 33, WeightType.F16), InlineData(WeightType.Q4_0, 172, WeightType.F16)]
    public void ForRows_NoWholeNumberOfBlocks_FallsBack(WeightType type, long columns, WeightType expected) => QuantizationRecipe.ForRows(type, columns).ShouldBe(expected);

    [Fact]
    public void TryFind_Names_AreForgiving()
    {
        Find("Q4_K_M").ShouldBe(Find("q4_k"));
        Find("q5_k").Name.ShouldBe("q5_k_m");
        QuantizationRecipe.TryFind("q9", out _).ShouldBeFalse();
        QuantizationRecipe.All.Select(recipe => recipe.FileType).Distinct().Count().ShouldBe(QuantizationRecipe.All.Count);
    }

    private static QuantizationRecipe Find(string name) => QuantizationRecipe.TryFind(name, out QuantizationRecipe? recipe) ? recipe : throw new ArgumentException(name);
}
