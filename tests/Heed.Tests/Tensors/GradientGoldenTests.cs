using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Backward operations and the optimizer's step against PyTorch's numbers, on the CPU and on the reference device.</summary>
public class GradientGoldenTests
{
    private static readonly Device[] Devices = [Device.Cpu, Device.Reference];

    [Fact]
    public void SoftmaxBackward_MatchesPyTorch()
    {
        foreach (Device device in Devices)
            foreach (LayerGolden golden in LayerGolden.Read("softmax"))
            {
                Tensor dy = golden.Upstream(device);
                device.Backend.SoftmaxBackward(Ops.Softmax(golden.Input("x", device)), dy, dy);
                ShouldBe(dy, golden, "x");
            }
    }

    [Fact]
    public void RmsNormBackward_MatchesPyTorch()
    {
        foreach (Device device in Devices)
            foreach (LayerGolden golden in LayerGolden.Read("rms_norm"))
            {
                Tensor weight = golden.Input("weight", device), dWeight = Tensor.Zeros(weight.Shape, device), dx = golden.Upstream(device);
                if (golden.Flag("unit_offset")) weight = weight + 1;
                device.Backend.RmsNormBackward(golden.Input("x", device), weight, (float)golden.Number("eps")!.Value, dx, dx, dWeight);
                ShouldBe(dx, golden, "x");
                ShouldBe(dWeight, golden, "weight");
            }
    }

    [Fact]
    public void LayerNormBackward_MatchesPyTorch()
    {
        foreach (Device device in Devices)
            foreach (LayerGolden golden in LayerGolden.Read("layer_norm"))
            {
                Tensor weight = golden.Input("weight", device), dx = golden.Upstream(device);
                Tensor dWeight = Tensor.Zeros(weight.Shape, device), dBias = Tensor.Zeros(weight.Shape, device);
                device.Backend.LayerNormBackward(golden.Input("x", device), weight, (float)golden.Number("eps")!.Value, dx, dx, dWeight, dBias);
                ShouldBe(dx, golden, "x");
                ShouldBe(dWeight, golden, "weight");
                ShouldBe(dBias, golden, "bias");
            }
    }

    [Theory]
    [InlineData("silu", Activation.Silu)]
    [InlineData("gelu_tanh", Activation.GeluTanh)]
    [InlineData("gelu_erf", Activation.GeluErf)]
    public void ActivateBackward_MatchesPyTorch(string operation, Activation activation)
    {
        foreach (Device device in Devices)
            foreach (LayerGolden golden in LayerGolden.Read(operation))
            {
                Tensor dx = golden.Upstream(device);
                device.Backend.ActivateBackward(activation, golden.Input("x", device), dx, dx);
                ShouldBe(dx, golden, "x");
            }
    }

    [Fact]
    public void GatedBackward_MatchesPyTorch()
    {
        LayerGolden golden = LayerGolden.Read("swiglu", "product");
        foreach (Device device in Devices)
        {
            Tensor x = Ops.Concat(^1, golden.Input("gate", device), golden.Input("up", device));
            int hidden = x.Shape[^1] / 2;
            device.Backend.GatedBackward(Activation.Silu, x, golden.Upstream(device), x);
            ShouldBe(x.Slice(1, 0, hidden), golden, "gate");
            ShouldBe(x.Slice(1, hidden, hidden), golden, "up");
        }
    }

    [Fact]
    public void ScatterAddAndSumRows_MatchPyTorch()
    {
        LayerGolden embedding = LayerGolden.Read("embedding", "repeated_tokens"), linear = LayerGolden.Read("linear", "bias");
        foreach (Device device in Devices)
        {
            Tensor table = Tensor.Zeros(embedding.Input("weight", device).Shape, device), bias = Tensor.Zeros(linear.Input("bias", device).Shape, device);
            device.Backend.ScatterAdd(embedding.Upstream(device).Reshape(8, 5), embedding.Integers("tokens")!, table);
            ShouldBe(table, embedding, "weight");
            device.Backend.SumRows(linear.Upstream(device), bias);
            ShouldBe(bias, linear, "bias");
        }
    }

    public static TheoryData<string> RopeCases() => [.. LayerGolden.Read("rope").Select(golden => golden.Name)];

    [Theory, MemberData(nameof(RopeCases))]
    public void RopeInverse_MatchesPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("rope", name);
        int[] positions = golden.Integers("positions")!;
        int pairs = (int)golden.Number("rotary_dim")!.Value / 2;
        float[] cos = new float[positions.Length * pairs], sin = new float[positions.Length * pairs];
        for (int i = 0; i < cos.Length; i++)
        {
            double angle = positions[i / pairs] * Math.Pow(golden.Number("theta")!.Value, -(double)(i % pairs) / pairs);
            (cos[i], sin[i]) = ((float)Math.Cos(angle), (float)Math.Sin(angle));
        }
        RopeLayout layout = golden.Word("layout") == "interleaved" ? RopeLayout.Interleaved : RopeLayout.HalfSplit;
        Shape shape = new(positions.Length, pairs);
        foreach (Device device in Devices)
        {
            Tensor dx = golden.Upstream(device); // a table of the rows in use: row r of it is row r's
            device.Backend.Rope(new HeadRange(dx), Tensor.From(cos, shape, device), Tensor.From(sin, shape, device),
                [.. Enumerable.Range(0, positions.Length)], layout, inverse: true);
            ShouldBe(dx, golden, "x");
        }
    }

    [Fact]
    public void CrossEntropy_MatchesPyTorch()
    {
        foreach (Device device in Devices)
            foreach (string reduction in new[] { "mean", "sum" })
            {
                LayerGolden golden = LayerGolden.Read("cross_entropy", reduction);
                Tensor logits = golden.Input("logits", device);
                int[] targets = golden.Integers("targets")!;
                int ignored = (int)golden.Number("ignore_index")!.Value;
                double factor = reduction == "mean" ? 1.0 / targets.Count(target => target != ignored) : 1;
                double loss = device.Backend.CrossEntropy(logits, targets, ignored, 0, golden.Upstream(device).Item() * factor, logits);
                (loss * factor).ShouldBe(golden.Output(device).Item(), 1e-6);
                ShouldBe(logits, golden, "logits");
                if (reduction == "mean") Samples.ShouldMatch(Ops.CrossEntropy(golden.Input("logits", device), targets, ignored), golden.Output(device));
            }
    }

    [Fact]
    public void AdamW_TenSteps_MatchPyTorch()
    {
        foreach (Device device in Devices)
            foreach (LayerGolden golden in LayerGolden.Read("adamw"))
            {
                Tensor p = golden.Input("parameter", device), gradients = golden.Input("gradients", device) * 4, expected = golden.Output(device);
                Tensor m = Tensor.Zeros(p.Shape, device), v = Tensor.Zeros(p.Shape, device);
                for (int step = 1; step <= 10; step++)
                {
                    device.Backend.AdamW(p, gradients.Select(0, step - 1), m, v, new AdamWStep(Value("lr"), Value("beta1"), Value("beta2"), Value("eps"),
                        Value("weight_decay"), step, GradientScale: 0.25f, RoundingSeed: 0));
                    // The rates are floats here: 0.05f is 0.05 to 2e-8 of it. Ten roundings on the way.
                    Samples.ShouldMatch(p, expected.Select(0, step - 1), 1e-6, 1e-7);
                }
                float Value(string name) => (float)golden.Number(name)!.Value;
            }
    }

    private static void ShouldBe(Tensor got, LayerGolden golden, string input)
    {
        // As in the forward goldens: double results rounded to float, sums of up to 17 terms in float32.
        double tolerance = ReferenceEquals(got.Device, Device.Cpu) ? 3e-6 : 3e-7;
        Should.NotThrow(() => Samples.ShouldMatch(got, golden.Gradient(input, got.Device), tolerance, tolerance), $"{golden.Name}, {input}, {got.Device}");
    }
}
