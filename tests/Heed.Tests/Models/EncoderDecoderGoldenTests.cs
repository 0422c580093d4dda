using System.Text.Json;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Models;

/// <summary>Whole encoder-decoders against models of PyTorch's own encoder and decoder layers.</summary>
public sealed class EncoderDecoderGoldenTests
{
    private const int Source = 7, Target = 5;

    private static readonly ModelConfig s_vaswani = new()
    {
        HiddenSize = 15,
        NumHeads = 3,
        NumLayers = 2,
        IntermediateSize = 20,
        VocabSize = 11,
        MaxSeqLen = 40,
        Norm = NormKind.Layer,
        NormPlacement = NormPlacement.Post,
        Positions = PositionKind.Sinusoidal,
        EmbeddingScale = MathF.Sqrt(15),
        Activation = Activation.Relu,
        GatedFeedForward = false,
        QkvBias = true,
        AttentionOutputBias = true,
        FeedForwardBias = true,
    };

    public static TheoryData<string> Names => ["encoder_decoder_post_norm", "encoder_decoder_pre_norm"];

    [Theory, MemberData(nameof(Names))]
    public void Forward_SourcesOfTwoLengths_MatchesPyTorch(string name)
    {
        using JsonDocument golden = Read(name);
        Transformer model = new(ConfigOf(name), Weights(golden, "weights", Device.Cpu));
        model.Config.ParameterCount().ShouldBe(model.Parameters.Sum(parameter => (long)parameter.Value.ElementCount));
        Tensor expected = TensorOf(golden.RootElement.GetProperty("logits"), Device.Cpu);
        Samples.ShouldMatch(model.Forward(Inputs(golden), sources: Sources(golden), batch: 2, rows: LogitRows.All), expected, 4e-5, 4e-5);
        using KvCache cache = model.CreateCache(2);
        model.Encode(Sources(golden), cache);
        Samples.ShouldMatch(model.Forward(Inputs(golden), cache, rows: LogitRows.All), expected, 4e-5, 4e-5);
    }

    [Theory, MemberData(nameof(Names))]
    public void Loss_AndEveryGradient_MatchPyTorch(string name)
    {
        using JsonDocument golden = Read(name);
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            double tolerance = ReferenceEquals(device, Device.Cpu) ? 2e-5 : 5e-7;
            Transformer model = new(ConfigOf(name), Weights(golden, "weights", device));
            foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
            using GradientTape tape = new();
            Tensor loss = model.Loss(Inputs(golden), Targets(golden), batch: 2, sources: Sources(golden));
            loss.Item().ShouldBe(golden.RootElement.GetProperty("loss").GetDouble(), tolerance);
            tape.Backward(loss);
            JsonElement gradients = golden.RootElement.GetProperty("gradients");
            gradients.EnumerateObject().Count().ShouldBe(model.Parameters.Count);
            foreach (Parameter parameter in model.Parameters)
            {
                Tensor expected = TensorOf(gradients.GetProperty(parameter.Name), device);
                Samples.ShouldMatch(parameter.Value.Gradient!, expected, 0, tolerance * Samples.Read(expected).Max(Math.Abs));
            }
        }
    }

    private static ModelConfig ConfigOf(string name) => (name == "encoder_decoder_post_norm" ? s_vaswani
        : s_vaswani with { NormPlacement = NormPlacement.Pre, Positions = PositionKind.None, EmbeddingScale = 1, Activation = Activation.GeluErf }).WithEncoder(layers: 3);

    private static JsonDocument Read(string name) => JsonDocument.Parse(File.ReadAllBytes(TestData.Golden($"blocks/{name}.json")));

    private static SourceRows Sources(JsonDocument golden)
    {
        int[] lengths = [.. golden.RootElement.GetProperty("lengths").EnumerateArray().Select(length => length.GetInt32())], tokens = Numbers(golden.RootElement.GetProperty("source"));
        return new SourceRows([.. lengths.Select((length, row) => tokens.AsSpan(row * Source, length).ToArray())]);
    }

    private static int[] Inputs(JsonDocument golden) => [.. Numbers(golden.RootElement.GetProperty("target")).Where((_, i) => i % (Target + 1) < Target)];

    private static int[] Targets(JsonDocument golden) => [.. Numbers(golden.RootElement.GetProperty("target")).Where((_, i) => i % (Target + 1) > 0)];

    private static int[] Numbers(JsonElement rows) => [.. rows.EnumerateArray().SelectMany(row => row.EnumerateArray()).Select(number => number.GetInt32())];

    private static NamedWeights Weights(JsonDocument golden, string part, Device device) =>
        new(name => TensorOf(golden.RootElement.GetProperty(part).GetProperty(name), device), device);

    private static Tensor TensorOf(JsonElement json, Device device)
    {
        int[] shape = [.. json.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
        return Tensor.From([.. json.GetProperty("values").EnumerateArray().Select(value => value.GetSingle())], new Shape(shape), device);
    }
}
