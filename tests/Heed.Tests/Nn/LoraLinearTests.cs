using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Nn;

/// <summary>A linear layer with adapters on ranges of its rows.</summary>
public sealed class LoraLinearTests
{
    private const int In = 5, Out = 9, Rank = 2;

    [Theory]
    [InlineData(0, null), InlineData(0.4f, 77), InlineData(0.4f, null)]
    public void Forward_TwoAdapters_MatchesFiniteDifferences(float dropout, int? seed) => GradientCheck.Run(
        x => Layer(x, dropout).Forward(x[0], (ulong?)seed),
        new Shape(2, 3, In), new Shape(Rank, In), new Shape(4, Rank), new Shape(Rank, In), new Shape(3, Rank));

    /// <summary>Rows 4 and 5 have no adapter; the base itself is no part of what is learned.</summary>
    [Fact]
    public void Forward_TwoAdapters_ChangesTheirRowsAlone()
    {
        Tensor x = Random(1, 3, In), a = Random(2, Rank, In), b = Random(3, 4, Rank), c = Random(4, Rank, In), d = Random(5, 3, Rank);
        float[] plain = Base(Device.Cpu).Forward(x).ToArray(), adapted = Layer([x, a, b, c, d], 0).Forward(x).ToArray();
        float[] first = x.MatMul(a.Transpose(0, 1)).MatMul(b.Transpose(0, 1)).ToArray(), second = x.MatMul(c.Transpose(0, 1)).MatMul(d.Transpose(0, 1)).ToArray();
        for (int row = 0; row < 3; row++)
        {
            for (int i = 0; i < Out; i++)
            {
                double change = i < 4 ? 1.5 * first[row * 4 + i] : i >= 6 ? 0.5 * second[row * 3 + i - 6] : 0;
                ((double)adapted[row * Out + i]).ShouldBe(plain[row * Out + i] + change, 1e-5);
            }
        }
        Layer([x, a, b, c, d], 0).Parameters("layer").Select(parameter => parameter.Name)
            .ShouldBe(["layer.q_proj.lora_A", "layer.q_proj.lora_B", "layer.v_proj.lora_A", "layer.v_proj.lora_B"]);
    }

    [Fact]
    public void ForwardAdd_OverTheResidual_EqualsForwardAndAdd()
    {
        Tensor[] inputs = [Random(1, 3, In), Random(2, Rank, In), Random(3, 4, Rank), Random(4, Rank, In), Random(5, 3, Rank)];
        Tensor residual = Random(6, 3, Out);
        float[] expected = (residual + Layer(inputs, 0).Forward(inputs[0])).ToArray();
        float[] got = Layer(inputs, 0).ForwardAdd(inputs[0], residual).ToArray();
        for (int i = 0; i < got.Length; i++) ((double)got[i]).ShouldBe(expected[i], 1e-5);
    }

    [Fact]
    public void Forward_ZeroB_GivesTheBasesBits()
    {
        Tensor x = Random(1, 7, In);
        Tensor[] inputs = [x, Random(2, Rank, In), Tensor.Zeros(new Shape(4, Rank)), Random(4, Rank, In), Tensor.Zeros(new Shape(3, Rank))];
        Layer(inputs, 0.5f).Forward(x, 3).ToArray().ShouldBe(Base(Device.Cpu).Forward(x).ToArray());
    }

    [Fact]
    public void Forward_Dropout_HangsOnItsSeedAndStopsWithoutOne()
    {
        Tensor[] inputs = [Random(1, 7, In), Random(2, Rank, In), Random(3, 4, Rank), Random(4, Rank, In), Random(5, 3, Rank)];
        LoraLinear layer = Layer(inputs, 0.5f);
        float[] one = layer.Forward(inputs[0], 1).ToArray();
        layer.Forward(inputs[0], 1).ToArray().ShouldBe(one);
        layer.Forward(inputs[0], 2).ToArray().ShouldNotBe(one);
        layer.Forward(inputs[0], dropoutSeed: null).ToArray().ShouldBe(Layer(inputs, 0).Forward(inputs[0]).ToArray());
    }

    [Fact]
    public void LoraLinear_AdapterThatDoesNotFit_IsNamed()
    {
        Linear inner = Base(Device.Cpu);
        Should.Throw<ArgumentException>(() => new LoraLinear(inner, [])).Message.ShouldContain("got no adapters");
        Should.Throw<ArgumentException>(() => new LoraLinear(inner, [Adapter(In + 1, 4, 0)])).Message.ShouldContain("does not fit a layer [9, 5]");
        Should.Throw<ArgumentException>(() => new LoraLinear(inner, [Adapter(In, 4, 6)])).Message.ShouldContain("from row 6 on");
        Should.Throw<ArgumentException>(() => new LoraAdapter("q_proj", Random(1, 2, In), Random(2, 4, 3), 0, 1)).Message.ShouldContain("B [4, 3]");
        Should.Throw<ArgumentOutOfRangeException>(() => new LoraLinear(inner, [Adapter(In, 4, 0)], dropout: 1)).Message.ShouldContain("below 1");

        static LoraAdapter Adapter(int columns, int rows, int first) => new("q_proj", Random(1, Rank, columns), Random(2, rows, Rank), first, 1);
    }

    private static LoraLinear Layer(Tensor[] x, float dropout) => new(Base(x[0].Device),
        [new LoraAdapter("q_proj", x[1], x[2], 0, 1.5f), new LoraAdapter("v_proj", x[3], x[4], 6, 0.5f)], dropout);

    private static DenseLinear Base(Device device) => new(Random(8, Out, In).To(device), GradientCheck.Random(new Random(9), new Shape(Out)).To(device));

    private static Tensor Random(int seed, int rows, int columns) => GradientCheck.Random(new Random(seed), new Shape(rows, columns));
}
