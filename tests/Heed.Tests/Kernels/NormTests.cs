using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed unsafe class NormTests
{
    private const float Eps = 1e-5f;

    [Fact]
    public void RmsNorm_EveryLengthAndInstructionSet_HasTheBitsOfTheScalarTwin()
    {
        for (int dim = 1; dim <= 256; dim++)
        {
            int rows = 1 + (dim % 4);
            float[] x = Numbers.Random(dim, rows * dim);
            float[] weight = dim % 5 == 0 ? [] : Numbers.Random(dim + 1, dim);
            float[] expected = new float[x.Length];
            RmsNorm.RunScalar(x, weight, Eps, rows, dim, expected);
            float[] actual = new float[x.Length];
            RmsNorm.Run(x, weight, Eps, rows, dim, actual);
            actual.ShouldHaveBitsOf(expected, $"dispatch, {dim}");
            fixed (float* source = x, scale = weight, target = actual)
            {
                Array.Clear(actual);
                RmsNorm.Core<Sixteen512, Vector512<float>>(source, 1, 0, scale, Eps, rows, dim, target, 0);
                actual.ShouldHaveBitsOf(expected, $"512, {dim}");
                Array.Clear(actual);
                RmsNorm.Core<Sixteen256, Pair256>(source, 1, 0, scale, Eps, rows, dim, target, 0);
                actual.ShouldHaveBitsOf(expected, $"256, {dim}");
                Array.Clear(actual);
                RmsNorm.Core<Sixteen128, Quad128>(source, 1, 0, scale, Eps, rows, dim, target, 0);
                actual.ShouldHaveBitsOf(expected, $"128, {dim}");
            }
        }
    }

    [Fact]
    public void RmsNorm_Random_MatchesDoubleOracle()
    {
        const int Dim = 173;
        float[] x = Numbers.Random(1, Dim);
        float[] weight = Numbers.Random(2, Dim);
        float[] y = new float[Dim];
        RmsNorm.Run(x, weight, Eps, 1, Dim, y);
        double inverse = 1 / Math.Sqrt((x.Sum(v => (double)v * v) / Dim) + Eps);
        for (int i = 0; i < Dim; i++)
        {
            ((double)y[i]).ShouldBe(x[i] * inverse * weight[i], 1e-6);
        }
    }

    [Fact]
    public void Row23_RmsNormWithWeightOfOnes_HasUnitRms()
    {
        float[] x = Numbers.Random(3, 512, 30f);
        float[] y = new float[512];
        RmsNorm.Run(x, [.. Enumerable.Repeat(1f, 512)], Eps, 1, 512, y);
        Math.Sqrt(y.Sum(v => (double)v * v) / 512).ShouldBe(1, 1e-5);
        // The document's gains begin at 0, and nothing gets through.
        RmsNorm.Run(x, new float[512], Eps, 1, 512, y);
        y.ShouldAllBe(value => value == 0);
    }

    [Fact]
    public void RmsNorm_HeadsInsideStridedRows_EqualsEachHeadAloneAndLeavesTheRest()
    {
        const int Tokens = 3, Stride = 61, Heads = 4, Dim = 11;
        float[] data = Numbers.Random(4, 7 + (Tokens * Stride));
        float[] weight = Numbers.Random(5, Dim);
        float[] expected = (float[])data.Clone();
        for (int t = 0; t < Tokens; t++)
        {
            for (int h = 0; h < Heads; h++)
            {
                int at = 7 + (t * Stride) + (h * Dim);
                RmsNorm.RunScalar(data.AsSpan(at, Dim), weight, Eps, 1, Dim, expected.AsSpan(at, Dim));
            }
        }

        RmsNorm.RunHeads(data.AsSpan(7), Stride, Tokens, Heads, weight, Eps, Dim);
        data.ShouldHaveBitsOf(expected, "heads in place");
    }

    [Fact]
    public void LayerNorm_EveryLengthAndInstructionSet_HasTheBitsOfTheScalarTwin()
    {
        for (int dim = 1; dim <= 256; dim++)
        {
            int rows = 1 + (dim % 4);
            float[] x = Numbers.Random(dim, rows * dim);
            float[] weight = Numbers.Random(dim + 1, dim);
            float[] bias = dim % 3 == 0 ? [] : Numbers.Random(dim + 2, dim);
            float[] expected = new float[x.Length];
            LayerNorm.RunScalar(x, weight, bias, Eps, rows, dim, expected);
            float[] actual = new float[x.Length];
            LayerNorm.Run(x, weight, bias, Eps, rows, dim, actual);
            actual.ShouldHaveBitsOf(expected, $"dispatch, {dim}");
            fixed (float* source = x, scale = weight, shift = bias, target = actual)
            {
                Array.Clear(actual);
                LayerNorm.Core<Sixteen512, Vector512<float>>(source, scale, shift, Eps, rows, dim, target);
                actual.ShouldHaveBitsOf(expected, $"512, {dim}");
                Array.Clear(actual);
                LayerNorm.Core<Sixteen256, Pair256>(source, scale, shift, Eps, rows, dim, target);
                actual.ShouldHaveBitsOf(expected, $"256, {dim}");
                Array.Clear(actual);
                LayerNorm.Core<Sixteen128, Quad128>(source, scale, shift, Eps, rows, dim, target);
                actual.ShouldHaveBitsOf(expected, $"128, {dim}");
            }
        }
    }

    [Fact]
    public void Row22_LayerNormOfOneAndThree_IsMinusOneAndOne()
    {
        float[] y = new float[2];
        LayerNorm.Run([1f, 3f], [1f, 1f], [], 0f, 1, 2, y);
        y.ShouldBe([-1f, 1f]);
    }

    [Fact]
    public void Row22_LayerNormEps_StandsInsideTheRoot()
    {
        float[] y = new float[2];
        LayerNorm.Run([1f, 3f], [1f, 1f], [0.5f, 0.5f], 3f, 1, 2, y);
        y.ShouldBe([0f, 1f]); // (3 - 2) / sqrt(1 + 3) + 0.5
        float outside = (3 - 2) / (MathF.Sqrt(1) + 3) + 0.5f; // the document's
        MathF.Abs(y[1] - outside).ShouldBeGreaterThan(0.1f);
    }

    [Fact]
    public void LayerNorm_WrongWeight_Throws()
        => Should.Throw<ArgumentException>(() => LayerNorm.Run(new float[4], new float[3], [], 0f, 1, 4, new float[4]))
            .Message.ShouldContain("weight has 3");
}
