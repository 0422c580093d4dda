using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Nn;

/// <summary>Mamba's block: its gradients, that it sees nothing of what comes, and token-by-token use.</summary>
public sealed class MambaMixerTests
{
    private const int Hidden = 5, Channels = 6, States = 3, Rank = 2, Width = 4;

    private static readonly Shape[] Shapes =
    [
        new(2 * Channels, Hidden), new(Channels, Width), new(Channels), new(Rank + 2 * States, Channels), new(Channels, Rank), new(Channels),
        new(Channels, States), new(Channels), new(Hidden, Channels),
    ];

    [Theory, InlineData(1), InlineData(5)]
    public void Gradients_MatchDifferences(int seq) => GradientCheck.Run(inputs => Layer(inputs.AsSpan(1)).Forward(inputs[0]), [new Shape(2, seq, Hidden), .. Shapes]);

    /// <summary>Row 47's demand, for the scan: chunks of any size, one state, the full forward's bits.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(7), InlineData(32), InlineData(70)]
    public void Append_InChunks_EqualsTheFullForward(int chunk)
    {
        const int Seq = 70;
        MambaMixer layer = Layer(Weights(Device.Cpu));
        Tensor x = Samples.Make(20, [2, Seq, Hidden], Device.Cpu);
        int[] expected = Samples.Bits(layer.Forward(x));
        using MixerState state = layer.CreateState(2);
        for (int round = 0; round < 2; round++, state.Clear())
        {
            for (int start = 0; start < Seq; start += chunk)
            {
                int count = Math.Min(chunk, Seq - start);
                int[] got = Samples.Bits(layer.Append(x.Slice(1, start, count), state));
                for (int b = 0; b < 2; b++)
                    got.AsSpan(b * count * Hidden, count * Hidden).SequenceEqual(expected.AsSpan((b * Seq + start) * Hidden, count * Hidden)).ShouldBeTrue($"row {b}, tokens {start} on");
                state.Bytes.ShouldBe(2 * Channels * (Width - 1 + States) * sizeof(float));
            }
            state.Length.ShouldBe(Seq);
        }
    }

    [Fact]
    public void Forward_CpuAndReference_Agree()
    {
        Tensor[] results = [.. new[] { Device.Cpu, Device.Reference }.Select(device => Layer(Weights(device)).Forward(Samples.Make(20, [2, 40, Hidden], device)))];
        Samples.ShouldMatch(results[0], results[1], 1e-4, 1e-4);
        Tensor[] appended = [.. new[] { Device.Cpu, Device.Reference }.Select(device =>
        {
            MambaMixer layer = Layer(Weights(device));
            using MixerState state = layer.CreateState(2, device);
            Tensor x = Samples.Make(20, [2, 40, Hidden], device);
            layer.Append(x.Slice(1, 0, 30), state);
            return layer.Append(x.Slice(1, 30, 10), state);
        })];
        foreach (Tensor tail in appended) Samples.ShouldMatch(tail, results[1].Slice(1, 30, 10), 1e-4, 1e-4);
    }

    [Fact]
    public void Forward_AfterAChange_KeepsTheBitsOfWhatCameBefore()
    {
        MambaMixer layer = Layer(Weights(Device.Cpu));
        foreach (int changed in new[] { 1, 31, 32, 69 })
        {
            Tensor x = Samples.Make(20, [1, 70, Hidden], Device.Cpu);
            int[] before = Samples.Bits(layer.Forward(x));
            x.AsSpan()[changed * Hidden] += 1;
            int[] after = Samples.Bits(layer.Forward(x));
            after[..(changed * Hidden)].ShouldBe(before[..(changed * Hidden)]);
            after[(changed * Hidden)..((changed + 1) * Hidden)].ShouldNotBe(before[(changed * Hidden)..((changed + 1) * Hidden)]);
        }
    }

    [Fact]
    public void Forward_AnyNumberOfThreads_GivesTheSameBits()
    {
        int[]? expected = null;
        foreach (int threads in new[] { 1, 2, 5 })
        {
            using Device device = Device.CreateCpu(threads);
            Tensor[] weights = Weights(device);
            foreach (Tensor weight in weights) weight.RequiresGradient = true;
            using GradientTape tape = new();
            // Long enough that several threads get parts.
            Tensor result = Layer(weights).Forward(Samples.Make(20, [3, 600, Hidden], device));
            tape.Backward(result.Square().Mean());
            int[] got = [.. Samples.Bits(result), .. weights.SelectMany(weight => Samples.Bits(weight.Gradient!))];
            got.AsSpan().SequenceEqual(expected ??= got).ShouldBeTrue();
        }
    }

    [Fact]
    public void Forward_EmptyBatch_IsEmpty()
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
            foreach (Shape shape in new[] { new Shape(0, 3, Hidden) })
                Layer(Weights(device)).Forward(Tensor.Zeros(shape, device)).Shape.ShouldBe(shape);
    }

    [Fact]
    public void Initialisation_IsThePapers()
    {
        float[] rates = MambaMixer.LogRates(3, 16).ToArray();
        for (int i = 0; i < rates.Length; i++) Math.Exp(rates[i]).ShouldBe(1 + i % 16, 1e-5);
        double[] steps = [.. MambaMixer.StepBias(4000, new Random(1)).ToArray().Select(bias => Math.Log(1 + Math.Exp(bias)))];
        steps.Min().ShouldBeInRange(0.000999, 0.0012);
        steps.Max().ShouldBeInRange(0.0998, 0.100001);
        steps.Average().ShouldBe(0.0505, 0.0015);
    }

    [Fact]
    public void Parameters_AreAllOfThem()
    {
        Layer(Weights(Device.Cpu)).Parameters("m").Select(parameter => parameter.Name).ShouldBe(
        [
            "m.input.weight", "m.convolution.weight", "m.convolution.bias", "m.selection.weight", "m.step.weight", "m.step.bias", "m.log_a", "m.skip", "m.output.weight",
        ]);
    }

    [Fact]
    public void Append_UnderATape_IsAClearError()
    {
        Tensor[] weights = Weights(Device.Cpu);
        MambaMixer layer = Layer(weights);
        using MixerState state = layer.CreateState(1);
        weights[0].RequiresGradient = true;
        using GradientTape tape = new();
        Should.Throw<InvalidOperationException>(() => layer.Append(Tensor.Zeros(new Shape(1, 1, Hidden)), state)).Message.ShouldContain("no gradient");
        state.Length.ShouldBe(0);
    }

    private static Tensor[] Weights(Device device) => [.. Shapes.Select((shape, i) => Samples.Make(i + 1, Layout.Contiguous, shape.ToArray(), device, -1, 1))];

    private static MambaMixer Layer(ReadOnlySpan<Tensor> weights) => new(new DenseLinear(weights[0]), weights[1], weights[2], new DenseLinear(weights[3]),
        new DenseLinear(weights[4], weights[5]), weights[6], weights[7], new DenseLinear(weights[8]));
}
