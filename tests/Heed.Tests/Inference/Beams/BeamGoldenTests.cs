using System.Globalization;
using System.Text.Json;
using Heed.Inference;
using Heed.Inference.Beams;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Tests.Models;

namespace Heed.Tests.Inference.Beams;

/// <summary>Beam search over the golden models against a search written apart from this one, over PyTorch's logits.</summary>
public sealed class BeamGoldenTests
{
    private static readonly JsonDocument s_file = JsonDocument.Parse(File.ReadAllText(TestData.Golden("beams/beams.json")));

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, s_file.RootElement.GetProperty("cases").GetArrayLength())];

    [Theory, MemberData(nameof(Cases))]
    public async Task Row31_SearchAsync_MatchesAnIndependentSearch(int number)
    {
        JsonElement one = s_file.RootElement.GetProperty("cases")[number];
        string family = one.GetProperty("family").GetString()!;
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel(family).PathOf(""));
        using LanguageModel model = new(GoldenModel.Build(checkpoint), BeamModels.Letters(30));
        BeamOptions beams = new()
        {
            Beams = one.GetProperty("beams").GetInt32(),
            ReturnCount = one.GetProperty("best").GetInt32(),
            LengthPenalty = one.GetProperty("alpha").GetDouble(),
            Stopping = Enum.Parse<BeamStopping>(one.GetProperty("stopping").GetString()!),
            Groups = one.GetProperty("groups").GetInt32(),
            DiversityPenalty = one.GetProperty("diversity").GetDouble(),
        };
        GenerationOptions options = new()
        {
            MaxTokens = one.GetProperty("max_tokens").GetInt32(),
            StopTokens = Ints(one.GetProperty("ends")),
            BannedTokens = Ints(one.GetProperty("banned")),
            LogitBias = one.GetProperty("bias").EnumerateObject().ToDictionary(bias => int.Parse(bias.Name, CultureInfo.InvariantCulture), bias => bias.Value.GetSingle()),
        };
        BeamResult result = await BeamModels.Search(model, Ints(one.GetProperty("prompt")), beams, options);
        JsonElement[] expected = [.. one.GetProperty("hypotheses").EnumerateArray()];
        result.Hypotheses.Count.ShouldBe(expected.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            result.Hypotheses[i].TokenIds.ShouldBe(Ints(expected[i].GetProperty("tokens")), $"place {i}");
            result.Hypotheses[i].Score.ShouldBe(expected[i].GetProperty("score").GetDouble(), 1e-4);
            result.Hypotheses[i].FinishReason.ShouldBe(expected[i].GetProperty("reason").GetString() == "end" ? FinishReason.Stop : FinishReason.MaxTokens);
        }
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];
}
