using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Nn;

/// <summary>AFT's and Mamba's layers, and the scan alone, against PyTorch: outputs and the gradients of every input and weight.</summary>
public sealed class MixerGoldenTests
{
    public static TheoryData<string> Cases(string operation) => [.. LayerGolden.Read(operation).Select(golden => golden.Name)];

    [Theory, MemberData(nameof(Cases), "attention_free")]
    public void AttentionFreeMixer_OutputAndGradients_MatchPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("attention_free", name);
        Check(golden, inputs =>
        {
            PositionBias bias = golden.Word("kind") switch
            {
                "full" => PositionBias.Dense(inputs["w"]),
                "factors" => PositionBias.Factors(inputs["u"], inputs["v"]),
                "local" => PositionBias.Band(inputs["band"], (int)golden.Number("window")!),
                _ => PositionBias.None,
            };
            return new AttentionFreeMixer(new DenseLinear(inputs["qkv"]), new DenseLinear(inputs["output"]), bias, golden.Flag("causal")).Forward(inputs["x"]);
        });
    }

    [Theory, MemberData(nameof(Cases), "selective_scan")]
    public void SelectiveScan_OutputAndGradients_MatchPyTorch(string name) =>
        Check(LayerGolden.Read("selective_scan", name), x => Ops.SelectiveScan(x["x"], x["delta"], x["a"], x["b"], x["c"], x["skip"]));

    [Theory, MemberData(nameof(Cases), "mamba")]
    public void MambaMixer_OutputAndGradients_MatchPyTorch(string name) =>
        Check(LayerGolden.Read("mamba", name), x => new MambaMixer(new DenseLinear(x["input"]), x["convolution"], x["convolution_bias"], new DenseLinear(x["selection"]),
            new DenseLinear(x["step"], x["step_bias"]), x["log_a"], x["skip"], new DenseLinear(x["output"])).Forward(x["x"]));

    private static void Check(LayerGolden golden, Func<Dictionary<string, Tensor>, Tensor> function)
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Dictionary<string, Tensor> inputs = golden.InputNames.ToDictionary(name => name, name => golden.Input(name, device));
            foreach (Tensor input in inputs.Values) input.RequiresGradient = true;
            using GradientTape tape = new();
            Tensor output = function(inputs);
            tape.Backward(output, golden.Upstream(device));
            // Double results as floats; in float32 a few sums of products of size 5 stand one after another.
            double tolerance = ReferenceEquals(device, Device.Cpu) ? 1e-5 : 3e-7;
            Samples.ShouldMatch(output, golden.Output(device), tolerance, tolerance);
            foreach ((string name, Tensor input) in inputs) Samples.ShouldMatch(input.Gradient!, golden.Gradient(name, device), tolerance, tolerance);
        }
    }
}
