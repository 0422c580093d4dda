using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>The reference's backward operations against central differences of its own forward operations, in double.</summary>
public class FiniteDifferenceTests
{
    private const float Eps = 1e-3f;
    private const double Step = 1e-5;

    private static readonly Device Device = Device.Reference;

    private static readonly int[][] Shapes = [[1], [7], [3, 5], [4, 1], [2, 3, 9], [0, 4], [3, 0]];

    [Fact]
    public void Softmax_AnyShape_MatchesDifferences() => ForEach((x, dy) =>
    {
        Tensor dx = Like(x);
        Device.Backend.SoftmaxBackward(Ops.Softmax(x), dy, dx);
        Check(dx, x, () => Dot(Ops.Softmax(x), dy));
    });

    [Fact]
    public void RmsNorm_AnyShape_MatchesDifferences() => ForEach((x, dy) =>
    {
        Tensor weight = Sample(3, [x.Shape[^1]]), dx = Like(x), dWeight = Tensor.Zeros(weight.Shape, Device);
        Device.Backend.RmsNormBackward(x, weight, Eps, dy, dx, dWeight);
        Check(dx, x, () => Dot(Ops.RmsNorm(x, weight, Eps), dy));
        Check(dWeight, weight, () => Dot(Ops.RmsNorm(x, weight, Eps), dy));
    });

    [Fact]
    public void LayerNorm_AnyShape_MatchesDifferences() => ForEach((x, dy) =>
    {
        Tensor weight = Sample(3, [x.Shape[^1]]), bias = Sample(4, [x.Shape[^1]]);
        Tensor dx = Like(x), dWeight = Tensor.Zeros(weight.Shape, Device), dBias = Tensor.Zeros(weight.Shape, Device);
        Device.Backend.LayerNormBackward(x, weight, Eps, dy, dx, dWeight, dBias);
        Check(dx, x, () => Dot(Ops.LayerNorm(x, weight, bias, Eps), dy));
        Check(dWeight, weight, () => Dot(Ops.LayerNorm(x, weight, bias, Eps), dy));
        Check(dBias, bias, () => Dot(Ops.LayerNorm(x, weight, bias, Eps), dy));
    });

    [Theory]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.GeluErf)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Sigmoid)]
    [InlineData(Activation.Swish, 1.7f)]
    [InlineData(Activation.Swish, 0f)]
    [InlineData(Activation.Swish, -0.6f)]
    public void Activations_AnyShape_MatchDifferences(Activation activation, float beta = 1) => ForEach((x, dy) =>
    {
        Tensor dx = Like(x);
        Device.Backend.ActivateBackward(activation, x, dy, dx, beta);
        Check(dx, x, () => Dot(Ops.Activate(x, activation, beta), dy));
        Tensor both = Sample(5, [.. x.Shape.ToArray()[..^1], 2 * x.Shape[^1]]), dBoth = Like(both);
        Device.Backend.GatedBackward(activation, both, dy, dBoth, beta);
        Check(dBoth, both, () => Dot(Ops.Gated(both, activation, beta), dy));
    });

    [Theory]
    [InlineData(0f)]
    [InlineData(1.5f)]
    public void CrossEntropy_AnyShape_MatchesDifferences(float cap) => ForEach((x, _) =>
    {
        if (x.ElementCount == 0) return;
        int classes = x.Shape[^1];
        int[] targets = [.. Enumerable.Range(0, x.ElementCount / classes).Select(row => row % 3 == 1 ? -100 : row * 2 % classes)];
        Tensor gradient = Like(x);
        Device.Backend.CrossEntropy(x, targets, -100, cap, 0.7, gradient);
        Check(gradient, x, () => 0.7 * Device.Backend.CrossEntropy(x, targets, -100, cap, 0, null));
    });

    [Theory]
    [InlineData(RopeLayout.HalfSplit)]
    [InlineData(RopeLayout.Interleaved)]
    public void RopeInverse_TablesWithAmplitude_IsTheTransposeOfTheForwardTurn(RopeLayout layout)
    {
        Tensor x = Sample(1, [2, 3, 2, 7]), dy = Sample(2, [2, 3, 2, 7]), dx = dy.Clone(), cos = Sample(3, [4, 3]), sin = Sample(4, [4, 3]);
        int[] positions = [0, 3, -1, 1, 1, 2];
        Device.Backend.Rope(new HeadRange(dx), cos, sin, positions, layout, inverse: true);
        Check(dx, x, () => Dot(Ops.RopeInPlace(x.Clone(), cos, sin, positions, layout), dy));
    }

    [Fact]
    public void SumRowsAndScatterAdd_AreTheGradientsOfBiasAndGather()
    {
        Tensor bias = Sample(1, [5]), x = Sample(2, [4, 5]), dy = Sample(3, [4, 5]), dBias = Tensor.Zeros(bias.Shape, Device);
        Device.Backend.SumRows(dy, dBias);
        Check(dBias, bias, () => Dot(x + bias, dy));
        Tensor table = Sample(4, [3, 5]), dTable = Tensor.Zeros(table.Shape, Device);
        int[] ids = [2, 0, 2, 2];
        Device.Backend.ScatterAdd(dy, ids, dTable);
        Check(dTable, table, () => Dot(Ops.Gather(table, ids), dy));
    }

    [Fact]
    public void Dropout_IsItsOwnGradient()
    {
        Tensor x = Sample(1, [3, 9]), dy = Sample(2, [3, 9]), dx = Like(x), y = Like(x);
        Device.Backend.Dropout(dy, 0.4f, 3, dx);
        Check(dx, x, () =>
        {
            Device.Backend.Dropout(x, 0.4f, 3, y);
            return Dot(y, dy);
        });
    }

    private static void ForEach(Action<Tensor, Tensor> check)
    {
        foreach (int[] shape in Shapes) check(Sample(1, shape), Sample(2, shape));
    }

    /// <summary>Moves every element of <paramref name="x"/> by ± a small step; the error of the quotient is about 1e-10.</summary>
    private static void Check(Tensor gradient, Tensor x, Func<double> function)
    {
        Span<double> values = x.Span<double>(x.ElementCount);
        double[] expected = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            double old = values[i];
            values[i] = old + Step;
            double above = function();
            values[i] = old - Step;
            double below = function();
            values[i] = old;
            expected[i] = (above - below) / (2 * Step);
        }
        Samples.ShouldMatch(Samples.Read(gradient), expected, 1e-7, 1e-7);
    }

    private static double Dot(Tensor a, Tensor b) => Samples.Read(a).Zip(Samples.Read(b), (left, right) => left * right).Sum();

    /// <summary>Memory full of NaN: what is only added to would show.</summary>
    private static Tensor Like(Tensor x) => Tensor.Full(x.Shape, double.NaN, Device);

    private static Tensor Sample(int seed, int[] shape) => Samples.Make(seed, shape, Device);
}
