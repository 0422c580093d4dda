using System.Text.Json;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>The models of tests/Golden/blocks.</summary>
internal static class BlockModels
{
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

    public static ModelConfig ConfigOf(string name) => name switch
    {
        "bidirectional_sinusoidal" => s_vaswani with { Bidirectional = true, Activation = Activation.GeluErf },
        "bidirectional_no_positions" => s_vaswani with { Bidirectional = true, NormPlacement = NormPlacement.Pre, Positions = PositionKind.None, EmbeddingScale = 1 },
        "post_norm_concatenated" => s_vaswani with { SinusoidalLayout = SinusoidalLayout.Concatenated, Activation = Activation.GeluErf },
        "pre_norm_no_positions" => s_vaswani with { NormPlacement = NormPlacement.Pre, Positions = PositionKind.None, EmbeddingScale = 1, Activation = Activation.GeluErf },
        _ => s_vaswani,
    };

    public static JsonDocument Read(string name) => JsonDocument.Parse(File.ReadAllBytes(TestData.Golden($"blocks/{name}.json")));

    public static NamedWeights Weights(JsonDocument golden, string part, Device device) =>
        new(name => TensorOf(golden.RootElement.GetProperty(part).GetProperty(name), device), device);

    public static Tensor TensorOf(JsonElement json, Device device)
    {
        int[] shape = [.. json.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
        return Tensor.From([.. json.GetProperty("values").EnumerateArray().Select(value => value.GetSingle())], new Shape(shape), device);
    }
}
