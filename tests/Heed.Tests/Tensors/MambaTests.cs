using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Mamba's operations: the reference beside formulas and finite differences, the CPU beside the reference.</summary>
public sealed class MambaTests
{
    [Theory, InlineData(1, 1, 1, 1), InlineData(2, 5, 3, 2), InlineData(1, 40, 2, 3), InlineData(2, 2, 4, 4)]
    public void SelectiveScan_Gradients_MatchDifferences(int batch, int seq, int channels, int states)
    {
        Random random = new(5);
        Shape rows = new(batch, seq, channels), shared = new(batch, seq, states);
        GradientCheck.Run(x => Ops.SelectiveScan(x[0], x[1], -x[2].Square(), x[3], x[4], x[5]), 1e-6,
            [.. new[] { rows, rows, new Shape(channels, states), shared, shared, new Shape(channels) }.Select(shape => GradientCheck.Random(random, shape))]);
    }

    [Theory, InlineData(1, 1, 1, 1), InlineData(2, 5, 3, 4), InlineData(1, 3, 2, 5)]
    public void CausalConvolution_Gradients_MatchDifferences(int batch, int seq, int channels, int width)
    {
        GradientCheck.Run(x => Ops.CausalConvolution(x[0], x[1], x[2]), new Shape(batch, seq, channels), new Shape(channels, width), new Shape(channels));
        GradientCheck.Run(x => Ops.CausalConvolution(x[0], x[1]), new Shape(batch, seq, channels), new Shape(channels, width));
    }

    /// <summary>The closed form of a linear recurrence: y[t] = Σ over s ≤ t and n of C[t]·e^(A·Σ Δ after s)·Δ[s]·B[s]·x[s], plus D·x[t].</summary>
    [Theory, InlineData(1, 1, 1, 1), InlineData(2, 9, 3, 4), InlineData(1, 70, 19, 2)]
    public void SelectiveScan_Forward_MatchesTheUnrolledSum(int batch, int seq, int channels, int states)
    {
        foreach (Device device in new[] { Device.Reference, Device.Cpu })
        {
            Tensor[] inputs = Inputs(batch, seq, channels, states, device);
            double[] got = Samples.Read(Ops.SelectiveScan(inputs[0], inputs[1], inputs[2], inputs[3], inputs[4], inputs[5]));
            double[][] v = [.. inputs.Select(Samples.Read)];
            for (int b = 0; b < batch; b++)
                for (int i = 0; i < channels; i++)
                {
                    double[] delta = [.. Enumerable.Range(0, seq).Select(t => Math.Log(1 + Math.Exp(v[1][(b * seq + t) * channels + i])))];
                    for (int t = 0; t < seq; t++)
                    {
                        double y = v[5][i] * v[0][(b * seq + t) * channels + i], passed = 0;
                        for (int s = t; s >= 0; passed += delta[s--])
                            for (int n = 0; n < states; n++)
                                y += v[4][(b * seq + t) * states + n] * Math.Exp(v[2][i * states + n] * passed) * delta[s] * v[3][(b * seq + s) * states + n] * v[0][(b * seq + s) * channels + i];
                        got[(b * seq + t) * channels + i].ShouldBe(y, ReferenceEquals(device, Device.Cpu) ? 2e-5 : 1e-10);
                    }
                }
        }
    }

    [Theory, InlineData(2, 70, 19, 16), InlineData(1, 33, 80, 3), InlineData(0, 4, 4, 2), InlineData(3, 0, 4, 2)]
    public void SelectiveScanBackward_Cpu_MatchesReference(int batch, int seq, int channels, int states)
    {
        Tensor[] expected = Gradients(Device.Reference), got = Gradients(Device.Cpu);
        for (int i = 0; i < got.Length; i++) Samples.ShouldMatch(got[i], expected[i], 1e-4, 1e-4);

        Tensor[] Gradients(Device device)
        {
            Tensor[] inputs = Inputs(batch, seq, channels, states, device);
            foreach (Tensor input in inputs) input.RequiresGradient = true;
            using GradientTape tape = new();
            Tensor result = Ops.SelectiveScan(inputs[0], inputs[1], inputs[2], inputs[3], inputs[4], inputs[5]);
            tape.Backward(result, Samples.Make(9, result.Shape.ToArray(), device));
            return [result, .. inputs.Select(input => input.Gradient!)];
        }
    }

    [Fact]
    public void CausalConvolution_LastTap_MeetsTheNewestInput()
    {
        Tensor x = Tensor.From([1, 10, 100], new Shape(1, 3, 1)), weight = Tensor.From([3, 2], new Shape(1, 2)), bias = Tensor.From(0.5f);
        Ops.CausalConvolution(x, weight, bias).ToArray().ShouldBe([2.5f, 23.5f, 230.5f]);
    }

    [Fact]
    public void Operations_WrongShapes_AreClearErrors()
    {
        Tensor x = Tensor.Zeros(new Shape(1, 4, 2)), a = Tensor.Zeros(new Shape(2, 3)), b = Tensor.Zeros(new Shape(1, 4, 3)), skip = Tensor.Zeros(new Shape(2));
        Ops.SelectiveScan(x, x, a, b, b, skip).Shape.ShouldBe(x.Shape);
        Should.Throw<ArgumentException>(() => Ops.SelectiveScan(x, b, a, b, b, skip)).Message.ShouldContain("delta");
        Should.Throw<ArgumentException>(() => Ops.SelectiveScan(x, x, b, b, b, skip)).Message.ShouldContain("a has shape");
        Should.Throw<ArgumentException>(() => Ops.SelectiveScan(x, x, a, x, b, skip)).Message.ShouldContain("b has shape");
        Should.Throw<ArgumentException>(() => Ops.SelectiveScan(x, x, a, b, x, skip)).Message.ShouldContain("c has shape");
        Should.Throw<ArgumentException>(() => Ops.SelectiveScan(x, x, a, b, b, a)).Message.ShouldContain("skip");
        Should.Throw<ArgumentException>(() => Ops.CausalConvolution(x, b)).Message.ShouldContain("weight");
        Should.Throw<ArgumentException>(() => Ops.CausalConvolution(a, a)).Message.ShouldContain("x has shape");
    }

    private static Tensor[] Inputs(int batch, int seq, int channels, int states, Device device) =>
    [
        Samples.Make(1, [batch, seq, channels], device), Samples.Make(2, [batch, seq, channels], device),
        Samples.Make(3, Layout.Contiguous, [channels, states], device, -4, -0.1), Samples.Make(4, Layout.Contiguous, [batch, seq, states], device, -1, 1),
        Samples.Make(5, Layout.Contiguous, [batch, seq, states], device, -1, 1), Samples.Make(6, [channels], device),
    ];
}
