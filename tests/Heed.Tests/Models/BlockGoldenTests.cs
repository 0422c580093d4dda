using System.Text.Json;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Models;

/// <summary>Placements of norms and kinds of positions against models of PyTorch's own encoder layers.</summary>
public sealed class BlockGoldenTests
{
    public static TheoryData<string> Names => ["post_norm_sinusoidal", "post_norm_concatenated", "pre_norm_no_positions"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_MatchesPyTorch(string name)
    {
        using JsonDocument golden = BlockModels.Read(name);
        Transformer model = new(BlockModels.ConfigOf(name), BlockModels.Weights(golden, "weights", Device.Cpu));
        model.Config.ParameterCount().ShouldBe(model.Parameters.Sum(parameter => (long)parameter.Value.ElementCount));
        Tensor logits = model.Forward(Tokens(golden), batch: 2, rows: LogitRows.All);
        // Two blocks in float32 against float64.
        Samples.ShouldMatch(logits, BlockModels.TensorOf(golden.RootElement.GetProperty("logits"), Device.Cpu), 2e-5, 2e-5);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Loss_AndEveryGradient_MatchPyTorch(string name)
    {
        using JsonDocument golden = BlockModels.Read(name);
        int[] tokens = Tokens(golden);
        CheckLoss(name, golden, [.. tokens.Select((_, i) => i % 7 == 6 ? -100 : tokens[i + 1])], positions: []);
    }

    public static TheoryData<string> BothWays => ["bidirectional_sinusoidal", "bidirectional_no_positions"];

    [Theory]
    [MemberData(nameof(BothWays))]
    public void Forward_BothWaysWithPadding_MatchesPyTorch(string name)
    {
        using JsonDocument golden = BlockModels.Read(name);
        Transformer model = new(BlockModels.ConfigOf(name), BlockModels.Weights(golden, "weights", Device.Cpu));
        int[] positions = Positions(golden);
        float[] logits = model.Forward(Tokens(golden), positions: positions, batch: 2, rows: LogitRows.All).ToArray();
        float[] expected = BlockModels.TensorOf(golden.RootElement.GetProperty("logits"), Device.Cpu).ToArray();
        for (int i = 0; i < logits.Length; i++)
            if (positions[i / 11] >= 0) logits[i].ShouldBe(expected[i], 2e-5f * (1 + Math.Abs(expected[i])));
    }

    [Theory]
    [MemberData(nameof(BothWays))]
    public void Loss_BothWaysWithPadding_AndEveryGradient_MatchPyTorch(string name)
    {
        using JsonDocument golden = BlockModels.Read(name);
        int[] targets = Numbers(golden.RootElement.GetProperty("targets"));
        CheckLoss(name, golden, targets, Positions(golden));
    }

    private static void CheckLoss(string name, JsonDocument golden, int[] targets, int[] positions)
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            // Of each tensor's greatest entry. The reference differs by the rounding of goldens and of the table of positions.
            double tolerance = ReferenceEquals(device, Device.Cpu) ? 1e-5 : 5e-7;
            Transformer model = new(BlockModels.ConfigOf(name), BlockModels.Weights(golden, "weights", device));
            int[] tokens = Tokens(golden);
            foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
            using GradientTape tape = new();
            Tensor loss = model.Loss(tokens, targets, batch: 2, positions);
            loss.Item().ShouldBe(golden.RootElement.GetProperty("loss").GetDouble(), tolerance);
            tape.Backward(loss);
            foreach (Parameter parameter in model.Parameters)
            {
                Tensor expected = BlockModels.TensorOf(golden.RootElement.GetProperty("gradients").GetProperty(parameter.Name), device);
                Samples.ShouldMatch(parameter.Value.Gradient!, expected, 0, tolerance * Samples.Read(expected).Max(Math.Abs));
            }
        }
    }

    private static int[] Tokens(JsonDocument golden) =>
        Numbers(golden.RootElement.GetProperty("tokens"));

    private static int[] Numbers(JsonElement rows) => [.. rows.EnumerateArray().SelectMany(row => row.EnumerateArray()).Select(number => number.GetInt32())];

    private static int[] Positions(JsonDocument golden) =>
        [.. golden.RootElement.GetProperty("lengths").EnumerateArray().SelectMany(length => Enumerable.Range(0, 7).Select(i => i < length.GetInt32() ? i : -1))];
}
