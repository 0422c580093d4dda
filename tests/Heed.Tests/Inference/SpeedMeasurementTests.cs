using Heed.Inference;
using Heed.Models;

namespace Heed.Tests.Inference;

public sealed class SpeedMeasurementTests
{
    private static readonly ModelConfig s_config = new() { HiddenSize = 32, IntermediateSize = 32, NumLayers = 1, NumHeads = 2, VocabSize = 20, MaxSeqLen = 16 };

    private readonly Transformer _model = new(s_config, new RandomWeights(1));

    [Theory]
    [InlineData("promptTokens", 0, 1, 1, 1)]
    [InlineData("newTokens", 1, -1, 1, 1)]
    [InlineData("newTokens", 10, 7, 1, 1)]
    [InlineData("batch", 1, 1, 0, 1)]
    [InlineData("rounds", 1, 1, 1, 0)]
    public void Measure_NumberOutOfRange_NamesTheArgument(string expected, int prompt, int tokens, int batch, int rounds) =>
        Should.Throw<ArgumentOutOfRangeException>(() => SpeedMeasurement.Measure(_model, prompt, tokens, batch, rounds)).ParamName.ShouldBe(expected);

    [Fact]
    public void Measure_SeveralRows_GivesAFigureForEachRound()
    {
        SpeedMeasurement measured = SpeedMeasurement.Measure(_model, 4, 3, batch: 2, rounds: 2);
        (measured.Prefill.Count, measured.Decode.Count).ShouldBe((2, 2));
        measured.Prefill.Concat(measured.Decode).ShouldAllBe(tokens => tokens > 0);
        SpeedMeasurement.Measure(_model, 4, 0, rounds: 1).Decode.ShouldBeEmpty();
    }
}
