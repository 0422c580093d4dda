using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Nn;

/// <summary>Attention over a memory, beside PyTorch's MultiheadAttention and finite differences.</summary>
public sealed class CrossAttentionTests
{
    private static readonly string[] s_parts = ["x", "memory", "query_weight", "query_bias", "key_weight", "key_bias", "value_weight", "value_bias", "output_weight", "output_bias"];

    [Theory, InlineData("whole_memory"), InlineData("padded_memory")]
    public void Forward_AndEveryGradient_MatchPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("cross_attention", name);
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            double tolerance = ReferenceEquals(device, Device.Cpu) ? 1e-5 : 5e-7;
            Tensor[] inputs = [.. s_parts.Select(part => golden.Input(part, device))];
            foreach (Tensor input in inputs) input.RequiresGradient = true;
            using GradientTape tape = new();
            Tensor output = Apply(inputs, 2, golden.Integers("lengths"));
            Samples.ShouldMatch(output, golden.Output(device), tolerance, tolerance);
            tape.Backward(output, golden.Upstream(device));
            for (int i = 0; i < inputs.Length; i++) Samples.ShouldMatch(inputs[i].Gradient!, golden.Gradient(s_parts[i], device), tolerance, 4 * tolerance);
        }
    }

    [Fact]
    public void Gradients_GroupedHeadsAndShorterValues_MatchDifferences()
    {
        Random random = new(4);
        // Four heads of 2 share two of keys (2) and values (3); the memory is 5 wide, and one row's is padded.
        Shape[] shapes = [new(2, 3, 4), new(2, 4, 5), new(8, 4), new(10, 5), new(4, 12)];
        GradientCheck.Run(t => new CrossAttention(new DenseLinear(t[2]), new DenseLinear(t[3]), new DenseLinear(t[4]), 4, 2).Forward(t[0], t[1], [4, 2]),
            1e-6, [.. shapes.Select(shape => GradientCheck.Random(random, shape))]);
    }

    [Fact]
    public void Row9_CrossAttention_TakesKeysAndValuesFromTheMemory()
    {
        LayerGolden golden = LayerGolden.Read("cross_attention", "whole_memory");
        Tensor[] inputs = [.. s_parts.Select(part => golden.Input(part, Device.Cpu))];
        float[] before = Apply(inputs, 2).ToArray();
        // With one vector at all places of the memory there is nothing to choose, whatever asks.
        inputs[1].Assign(Samples.Make(1, [1, 1, 6], Device.Cpu).BroadcastTo(inputs[1].Shape));
        float[] alike = Apply(inputs, 2).ToArray();
        alike.ShouldNotBe(before);
        inputs[0].Assign(inputs[0] * 3);
        float[] asked = Apply(inputs, 2).ToArray();
        for (int i = 0; i < alike.Length; i++) asked[i].ShouldBe(alike[i], 1e-5f);
        for (int i = 8; i < alike.Length; i++) alike[i].ShouldBe(alike[i % 8], 1e-5f);
    }

    [Fact]
    public void Forward_MemoryBeyondItsLength_IsNotSeen()
    {
        LayerGolden golden = LayerGolden.Read("cross_attention", "padded_memory");
        Tensor[] inputs = [.. s_parts.Select(part => golden.Input(part, Device.Cpu))];
        float[] before = Apply(inputs, 2, [5, 2]).ToArray();
        inputs[1].AsSpan()[^18..].Fill(float.NaN);
        Apply(inputs, 2, [5, 2]).ToArray().ShouldBe(before);
        float[] nothing = Apply(inputs, 2, [5, 0]).ToArray();
        for (int i = 24; i < 48; i++) nothing[i].ShouldBe(inputs[9].AsSpan()[i % 8]);
    }

    [Fact]
    public void Constructor_AndForward_WrongSizes_SayWhich()
    {
        DenseLinear Layer(int from, int to) => new(Tensor.Zeros(new Shape(to, from)));
        Should.Throw<ArgumentException>(() => new CrossAttention(Layer(8, 8), Layer(6, 16), Layer(8, 8), 3)).Message.ShouldContain("heads is 3");
        Should.Throw<ArgumentException>(() => new CrossAttention(Layer(8, 8), Layer(6, 16), Layer(8, 8), 4, 3)).Message.ShouldContain("kvHeads is 3");
        Should.Throw<ArgumentException>(() => new CrossAttention(Layer(8, 8), Layer(6, 12), Layer(8, 8), 4)).Message.ShouldContain("keyValue makes 12");
        CrossAttention layer = new(Layer(8, 8), Layer(6, 16), Layer(8, 8), 4);
        Should.Throw<ArgumentException>(() => layer.Forward(Tensor.Zeros(new Shape(2, 3, 8)), Tensor.Zeros(new Shape(2, 3, 8)))).Message.ShouldContain("memory has shape");
        Should.Throw<ArgumentException>(() => layer.Forward(Tensor.Zeros(new Shape(2, 3, 8)), Tensor.Zeros(new Shape(1, 3, 6)))).Message.ShouldContain("[2, length, 6]");
        Should.Throw<ArgumentException>(() => layer.Forward(Tensor.Zeros(new Shape(2, 3, 8)), Tensor.Zeros(new Shape(2, 3, 6)), [3])).Message.ShouldContain("got 1 memoryLengths");
        Should.Throw<ArgumentException>(() => layer.Forward(Tensor.Zeros(new Shape(2, 3, 8)), Tensor.Zeros(new Shape(2, 3, 6)), [3, 4])).Message.ShouldContain("length 4");
        layer.Parameters("cross").Select(parameter => parameter.Name).ShouldBe(["cross.query.weight", "cross.key_value.weight", "cross.output.weight"]);
    }

    private static Tensor Apply(Tensor[] t, int heads, int[]? lengths = null)
    {
        DenseLinear keyValue = new(Ops.Concat(0, t[4], t[6]), Ops.Concat(0, t[5], t[7]));
        return new CrossAttention(new DenseLinear(t[2], t[3]), keyValue, new DenseLinear(t[8], t[9]), heads).Forward(t[0], t[1], lengths);
    }
}
