using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Swish and the gated products, forward and backward, against PyTorch's numbers.</summary>
public sealed class FeedForwardGoldenTests
{
    [Fact]
    public void Row26_Swish_EveryBeta_MatchesPyTorch()
    {
        foreach (LayerGolden golden in LayerGolden.Read("swish"))
        {
            float beta = (float)golden.Number("beta")!.Value;
            Check(golden, x => Ops.Activate(x[0], Activation.Swish, beta), "x");
            if (beta == 1) Check(golden, x => Ops.Activate(x[0], Activation.Silu), "x");
        }
    }

    [Theory]
    [InlineData("glu", Activation.Sigmoid)]
    [InlineData("reglu", Activation.Relu)]
    [InlineData("geglu", Activation.GeluErf)]
    [InlineData("geglu_tanh", Activation.GeluTanh)]
    [InlineData("swiglu_beta", Activation.Swish)]
    public void Gated_MatchesPyTorch(string name, Activation activation)
    {
        LayerGolden golden = LayerGolden.Read("gated", name);
        float beta = (float)golden.Number("beta")!.Value;
        Check(golden, x => Ops.Gated(Ops.Concat(^1, x[0], x[1]), activation, beta), "gate", "up");
    }

    [Fact]
    public void Row26_SwishBeta_GoesFromHalfOfXToRelu()
    {
        Tensor x = Tensor.From(-3f, -1.2785f, -0.5f, 0f, 0.5f, 3f);
        Ops.Activate(x, Activation.Swish, 0).ToArray().ShouldBe([-1.5f, -0.63925f, -0.25f, 0, 0.25f, 1.5f]);
        Ops.Activate(x, Activation.Swish, 1e6f).ToArray().ShouldBe([0, 0, 0, 0, 0.5f, 3]);
        // σ(βx) goes to 0 and 1, not to σ(x): at 0.5 that would leave 0.31.
        Ops.Activate(x, Activation.Swish, 1).ToArray()[1].ShouldBe(-0.27846f, 1e-5f);
    }

    /// <summary>Both devices: the result, and what the golden's upstream gradient becomes at each input.</summary>
    internal static void Check(LayerGolden golden, Func<Tensor[], Tensor> operation, params string[] names)
    {
        golden.ShouldGive(device => operation([.. names.Select(name => golden.Input(name, device))]));
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor[] inputs = [.. names.Select(name => golden.Input(name, device))];
            foreach (Tensor input in inputs) input.RequiresGradient = true;
            using GradientTape tape = new();
            tape.Backward((operation(inputs) * golden.Upstream(device)).Sum());
            // As for the results; sums over a batch of a few rows.
            double tolerance = ReferenceEquals(device, Device.Cpu) ? 5e-6 : 2e-7;
            for (int i = 0; i < names.Length; i++)
                Samples.ShouldMatch(inputs[i].Gradient!, golden.Gradient(names[i], device), tolerance, tolerance);
        }
    }
}
