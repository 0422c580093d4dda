using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Nn;

/// <summary>The AFT layer: its formula, its gradients, and token-by-token use.</summary>
public sealed class AttentionFreeMixerTests
{
    private const int Hidden = 5, Dim = 4;

    [Theory]
    [InlineData("none", true), InlineData("none", false), InlineData("dense", true), InlineData("factors", false), InlineData("band", true), InlineData("band", false)]
    public void Gradients_MatchDifferences(string kind, bool causal)
    {
        Shape[] shapes = [new Shape(2, 6, Hidden), new Shape(3 * Dim, Hidden), new Shape(Hidden, Dim), .. kind switch
        {
            "dense" => new[] { new Shape(7, 7) },
            "factors" => [new Shape(7, 2), new Shape(7, 2)],
            "band" => [new Shape(7, 3)],
            _ => [],
        }];
        GradientCheck.Run(inputs => new AttentionFreeMixer(new DenseLinear(inputs[1]), new DenseLinear(inputs[2]), kind switch
        {
            "dense" => PositionBias.Dense(inputs[3]),
            "factors" => PositionBias.Factors(inputs[3], inputs[4]),
            "band" => PositionBias.Band(inputs[3], 2),
            _ => PositionBias.None,
        }, causal).Forward(inputs[0]), shapes);
    }

    [Fact]
    public void Forward_GatesTheAverageByTheQuerysSigmoid()
    {
        Tensor[] inputs = Inputs();
        Tensor all = Ops.Linear(inputs[0], inputs[1]);
        Tensor k = all.Slice(2, Dim, Dim).Exp(), v = all.Slice(2, 2 * Dim, Dim);
        Tensor expected = Ops.Linear(all.Slice(2, 0, Dim).Sigmoid() * ((k * v).Sum(1).Unsqueeze(1) / k.Sum(1).Unsqueeze(1)), inputs[2]);
        Samples.ShouldMatch(Layer(inputs, causal: false).Forward(inputs[0]), expected, 1e-5, 1e-6);
    }

    [Theory, InlineData(1), InlineData(3), InlineData(5), InlineData(40)]
    public void Row47_AppendInChunks_EqualsTheFullForwardWithAStateOfOneSize(int chunk)
    {
        Tensor[] inputs = Inputs(seq: 40);
        AttentionFreeMixer layer = Layer(inputs, causal: true);
        int[] expected = Samples.Bits(layer.Forward(inputs[0]));
        using MixerState state = layer.CreateState(2);
        for (int round = 0; round < 2; round++, state.Clear())
        {
            for (int start = 0; start < 40; start += chunk)
            {
                int count = Math.Min(chunk, 40 - start);
                int[] got = Samples.Bits(layer.Append(inputs[0].Slice(1, start, count), state));
                for (int b = 0; b < 2; b++)
                    got.AsSpan(b * count * Hidden, count * Hidden).SequenceEqual(expected.AsSpan((b * 40 + start) * Hidden, count * Hidden)).ShouldBeTrue($"row {b}, tokens {start} on");
                state.Bytes.ShouldBe(2 * 3 * Dim * sizeof(float));
            }
            state.Length.ShouldBe(40);
        }
    }

    /// <summary>With biases the state holds keys and values, with a band those of a window, and every position has the bits of the full forward.</summary>
    [Theory, InlineData("dense", 1), InlineData("dense", 33), InlineData("factors", 1), InlineData("factors", 7), InlineData("band", 3), InlineData("band", 70)]
    public void Append_WithBiasesInChunks_EqualsTheFullForward(string kind, int chunk)
    {
        const int Seq = 70;
        Tensor[] inputs = Inputs(Seq);
        Tensor table = Samples.Make(7, kind == "dense" ? [Seq, Seq] : kind == "band" ? [Seq, 9] : [Seq, 3], Device.Cpu), other = Samples.Make(8, [Seq, 3], Device.Cpu);
        PositionBias bias = kind == "dense" ? PositionBias.Dense(table) : kind == "band" ? PositionBias.Band(table, 5) : PositionBias.Factors(table, other, 40);
        AttentionFreeMixer layer = new(new DenseLinear(inputs[1]), new DenseLinear(inputs[2]), bias, causal: true);
        int[] expected = Samples.Bits(layer.Forward(inputs[0]));
        using MixerState state = layer.CreateState(2);
        // A band of 5: sums, and the last four keys and values.
        state.Bytes.ShouldBe(2 * (kind == "band" ? 3 + 2 * 4 : 2 * Seq) * Dim * sizeof(float));
        for (int start = 0; start < Seq; start += chunk)
        {
            int count = Math.Min(chunk, Seq - start);
            int[] got = Samples.Bits(layer.Append(inputs[0].Slice(1, start, count), state));
            for (int b = 0; b < 2; b++)
                got.AsSpan(b * count * Hidden, count * Hidden).SequenceEqual(expected.AsSpan((b * Seq + start) * Hidden, count * Hidden)).ShouldBeTrue($"row {b}, tokens {start} on");
        }
        Should.Throw<ArgumentException>(() => layer.Append(inputs[0].Slice(1, 0, 1), state)).Message.ShouldContain("at most 70");
    }

    [Fact]
    public void Append_Reference_MatchesTheCpu()
    {
        Tensor[][] outputs = [.. new[] { Device.Cpu, Device.Reference }.Select(device =>
        {
            Tensor[] inputs = [Samples.Make(1, [2, 9, Hidden], device), Samples.Make(2, [3 * Dim, Hidden], device), Samples.Make(3, [Hidden, Dim], device)];
            return new[] { PositionBias.None, PositionBias.Dense(Samples.Make(4, [12, 12], device)), PositionBias.Band(Samples.Make(5, [12, 5], device), 3) }.Select(bias =>
            {
                AttentionFreeMixer layer = new(new DenseLinear(inputs[1]), new DenseLinear(inputs[2]), bias, causal: true);
                using MixerState state = layer.CreateState(2, device);
                layer.Append(inputs[0].Slice(1, 0, 4), state);
                return layer.Append(inputs[0].Slice(1, 4, 5), state);
            }).ToArray();
        })];
        for (int i = 0; i < 3; i++) Samples.ShouldMatch(outputs[0][i], outputs[1][i], 1e-4, 1e-4);
    }

    [Fact]
    public void Forward_EmptyBatch_IsEmpty()
    {
        Tensor[] inputs = Inputs();
        foreach (bool causal in new[] { true, false })
            foreach (PositionBias bias in new[] { PositionBias.None, PositionBias.Dense(Tensor.Zeros(new Shape(4, 4))) })
                new AttentionFreeMixer(new DenseLinear(inputs[1]), new DenseLinear(inputs[2]), bias, causal).Forward(Tensor.Zeros(new Shape(0, 3, Hidden))).Shape.ShouldBe(new Shape(0, 3, Hidden));
    }

    [Fact]
    public void Append_Misuse_IsAClearError()
    {
        Tensor[] inputs = Inputs();
        AttentionFreeMixer layer = Layer(inputs, causal: true), other = Layer(inputs, causal: true);
        using MixerState state = layer.CreateState(2), foreign = other.CreateState(2);
        Should.Throw<NotSupportedException>(() => Layer(inputs, causal: false).CreateState(2));
        Should.Throw<NotSupportedException>(() => Layer(inputs, causal: false).Append(inputs[0], state));
        Should.Throw<ArgumentException>(() => layer.Append(inputs[0], foreign)).Message.ShouldContain("another layer");
        Should.Throw<ArgumentException>(() => layer.Append(Tensor.Zeros(new Shape(3, 1, Hidden)), state)).Message.ShouldContain("2 rows");
        Should.Throw<ArgumentException>(() => layer.Forward(Tensor.Zeros(new Shape(3, 1, 2))));
        inputs[1].RequiresGradient = true;
        using GradientTape tape = new();
        Should.Throw<InvalidOperationException>(() => layer.Append(inputs[0], state)).Message.ShouldContain("no gradient");
    }

    [Fact]
    public void Parameters_NameBiases()
    {
        Tensor w = Tensor.Zeros(new Shape(4, 4));
        Tensor[] inputs = Inputs();
        new AttentionFreeMixer(new DenseLinear(inputs[1]), new DenseLinear(inputs[2]), PositionBias.Factors(w, w), true).Parameters("m").Select(x => x.Name)
            .ShouldBe(["m.qkv.weight", "m.output.weight", "m.position.u", "m.position.v"]);
        new AttentionFreeMixer(new DenseLinear(inputs[1]), new DenseLinear(inputs[2]), PositionBias.Dense(w), true).Parameters("m").Last().Name.ShouldBe("m.position");
    }

    private static Tensor[] Inputs(int seq = 6) =>
        [Samples.Make(1, [2, seq, Hidden], Device.Cpu), Samples.Make(2, [3 * Dim, Hidden], Device.Cpu), Samples.Make(3, [Hidden, Dim], Device.Cpu)];

    private static AttentionFreeMixer Layer(Tensor[] inputs, bool causal) => new(new DenseLinear(inputs[1]), new DenseLinear(inputs[2]), PositionBias.None, causal);
}
