using Heed.Inference;

namespace Heed.Tests.Inference.Sampling;

/// <summary>What the shipped model writes by a seed, as it wrote when the sampler was one loop: new steps leave old texts as they are.</summary>
public sealed class UnchangedTextTests(LanguageModelTests.Shipped shipped) : IClassFixture<LanguageModelTests.Shipped>
{
    [Theory]
    [InlineData("default", new[] { 14, 358, 281, 261, 798, 1251, 396, 762, 418, 388, 326, 264, 1370, 16, 762, 434, 415, 333, 281, 261, 631, 1981, 479, 771, 16, 674, 281, 435, 756, 762, 580, 28, 261, 930, 1847, 16, 465, 579, 14, 261 })]
    [InlineData("plain", new[] { 14, 358, 388, 261, 1040, 1975, 396, 744, 326, 264, 1329, 16, 397, 341, 261, 333, 396, 766, 14, 418, 281, 261, 1047, 1172, 16, 352, 495, 261, 1408, 358, 281, 261, 1180, 917, 16, 423, 902, 917, 369, 430 })]
    [InlineData("top-k", new[] { 14, 326, 264, 1370, 14, 358, 388, 372, 1355, 1978, 396, 762, 16, 399, 281, 415, 517, 369, 741, 14, 418, 281, 261, 1040, 1977, 16, 432, 908, 1582, 281, 1723, 318, 326, 264, 1206, 16, 802, 579, 14, 1026 })]
    [InlineData("min-p", new[] { 14, 358, 388, 261, 671, 1949, 318, 264, 1332, 16, 675, 1099, 281, 731, 16, 675, 333, 281, 704, 14, 372, 2034, 16, 428, 264, 809, 666, 356, 812, 356, 326, 77, 16, 312, 1021, 281, 1284, 3, 731, 281 })]
    [InlineData("greedy", new[] { 14, 358, 388, 372, 1355, 1784, 396, 731, 326, 264, 1339, 16, 399, 341, 1549, 1764, 358, 286, 669, 881, 16, 802, 349, 14, 264, 1060, 860, 637, 264, 870, 426, 957, 271, 14, 286, 731, 1426, 16, 399, 778 })]
    public async Task CompleteAsync_OptionsThatWereThereBefore_GiveTheSameTokens(string name, int[] expected)
    {
        GenerationOptions all = shipped.Model.DefaultOptions with { MaxTokens = 40, IgnoreEndTokens = true };
        GenerationOptions options = name switch
        {
            "default" => all with { Seed = 7 },
            "plain" => all with { Seed = 1, Temperature = 1, TopP = 1 },
            "top-k" => all with { Seed = 2, Temperature = 1.2f, TopK = 20, RepetitionPenalty = 1.3f },
            "min-p" => all with { Seed = 3, Temperature = 1.5f, TopP = 1, MinP = 0.05f, PresencePenalty = 0.5f, FrequencyPenalty = 0.3f },
            _ => all with { Temperature = 0, RepetitionPenalty = 1.5f },
        };
        List<int> ids = [];
        await foreach (CompletionPiece piece in shipped.Model.CompleteAsync("Once upon a time", options)) ids.AddRange(piece.TokenIds);
        ids.ShouldBe(expected);
    }
}
