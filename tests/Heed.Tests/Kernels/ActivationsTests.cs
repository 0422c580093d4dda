using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed unsafe class ActivationsTests
{
    [Fact]
    public void Apply_EachKind_MatchesItsFormula()
    {
        float[] x = Numbers.Random(5, 1001, 8f);
        Check(ActivationKind.Relu, v => Math.Max(v, 0));
        Check(ActivationKind.Silu, v => v / (1 + Math.Exp(-v)));
        Check(ActivationKind.Swish, v => v / (1 + Math.Exp(-1.5 * v)));
        Check(ActivationKind.Gelu, v => 0.5 * v * (1 + VectorMathTests.ErfOracle(v / Math.Sqrt(2))));
        Check(ActivationKind.GeluTanh, v => 0.5 * v * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (v + (0.044715 * v * v * v)))));
        Check(ActivationKind.Sigmoid, v => 1 / (1 + Math.Exp(-v)));
        Check(ActivationKind.Tanh, Math.Tanh);

        void Check(ActivationKind kind, Func<double, double> formula)
        {
            float[] y = new float[x.Length];
            Activations.Apply(kind, x, y, 1.5f);
            for (int i = 0; i < x.Length; i++)
            {
                // 1e-6: a few roundings of numbers up to 8.
                ((double)y[i]).ShouldBe(formula(x[i]), 1e-6, $"{kind}({x[i]})");
            }
        }
    }

    [Fact]
    public void Row26_SwishWithBetaOne_HasItsMinimumWhereSiluHasIt()
    {
        float[] x = [.. Enumerable.Range(0, 40001).Select(i => -4f + (i * 1e-4f))];
        float[] y = new float[x.Length];
        Activations.Apply(ActivationKind.Swish, x, y, beta: 1f);
        int at = Array.IndexOf(y, y.Min());
        y[at].ShouldBe(-0.27846f, 1e-5f);
        x[at].ShouldBe(-1.27846f, 1e-3f); // flat there: the minimum in float32 is some 3e-4 wide
    }

    [Fact]
    public void Row26_SwishWithHugeBeta_IsRelu()
    {
        float[] x = [-2f, -0.1f, 0f, 0.1f, 2f];
        float[] y = new float[5];
        Activations.Apply(ActivationKind.Swish, x, y, beta: 1e6f);
        y.ShouldBe([0f, 0f, 0f, 0.1f, 2f]);
    }

    [Fact]
    public void ApplyGated_EveryLengthAndInstructionSet_HasTheBitsOfTheScalarTwin()
    {
        for (int hidden = 0; hidden <= 256; hidden++)
        {
            int rows = 1 + (hidden % 3);
            float[] x = Numbers.Random(hidden, rows * 2 * hidden, 6f);
            float[] expected = new float[rows * hidden];
            Map.RunGatedScalar<Activations.Silu>(x, rows, hidden, expected);
            float[] actual = new float[rows * hidden];
            Activations.ApplyGated(ActivationKind.Silu, x, rows, hidden, actual);
            actual.ShouldHaveBitsOf(expected, $"dispatch, {hidden}");
            fixed (float* source = x, target = actual)
            {
                Array.Clear(actual);
                Map.GatedCore<Activations.Silu, Sixteen512, Vector512<float>>(source, target, rows, hidden, 0f);
                actual.ShouldHaveBitsOf(expected, $"512, {hidden}");
                Array.Clear(actual);
                Map.GatedCore<Activations.Silu, Sixteen256, Pair256>(source, target, rows, hidden, 0f);
                actual.ShouldHaveBitsOf(expected, $"256, {hidden}");
                Array.Clear(actual);
                Map.GatedCore<Activations.Silu, Sixteen128, Quad128>(source, target, rows, hidden, 0f);
                actual.ShouldHaveBitsOf(expected, $"128, {hidden}");
            }
        }
    }

    [Fact]
    public void ApplyGated_Silu_IsGateActivatedTimesUp()
    {
        float[] y = new float[2];
        Activations.ApplyGated(ActivationKind.Silu, [1f, 2f, 10f, 100f], 1, 2, y);
        ((double)y[0]).ShouldBe(10 / (1 + Math.Exp(-1)), 1e-5);
        ((double)y[1]).ShouldBe(200 / (1 + Math.Exp(-2)), 1e-4);
    }

    [Fact]
    public void SoftCap_AnyLength_MatchesFormulaAndIsLengthIndependent()
    {
        float[] x = Numbers.Random(3, 37, 100f);
        float[] y = new float[37];
        Elementwise.SoftCap(x, 30f, y);
        for (int i = 0; i < x.Length; i++)
        {
            ((double)y[i]).ShouldBe(30 * Math.Tanh(x[i] / 30.0), 1e-5);
            float[] alone = new float[1];
            Elementwise.SoftCap(x.AsSpan(i, 1), 30f, alone);
            alone[0].ShouldBe(y[i]);
        }
    }

    [Fact]
    public void Elementwise_EveryLength_HasTheBitsOfOnePlainOperation()
    {
        for (int length = 0; length <= 256; length++)
        {
            float[] a = Numbers.Random(length, length);
            float[] b = Numbers.Random(length + 1, length);
            float[] sum = new float[length], product = new float[length], scaled = new float[length];
            Elementwise.Add(a, b, sum);
            Elementwise.Multiply(a, b, product);
            Elementwise.Scale(a, 0.3f, scaled);
            sum.ShouldHaveBitsOf(a.Zip(b, (x, y) => x + y).ToArray(), $"sum, {length}");
            product.ShouldHaveBitsOf(a.Zip(b, (x, y) => x * y).ToArray(), $"product, {length}");
            scaled.ShouldHaveBitsOf(a.Select(x => x * 0.3f).ToArray(), $"scaled, {length}");
        }
    }
}
