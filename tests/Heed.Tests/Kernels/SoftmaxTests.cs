using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed unsafe class SoftmaxTests
{
    private const float Masked = float.NegativeInfinity;

    [Fact]
    public void Run_EveryLengthAndInstructionSet_HasTheBitsOfTheScalarTwin()
    {
        for (int cols = 1; cols <= 256; cols++)
        {
            const int Rows = 3;
            float[] x = Numbers.Random(cols, Rows * cols, 10f);
            x[cols / 2] = Masked;
            float[] expected = new float[x.Length];
            Softmax.RunScalar(x, Rows, cols, expected);
            float[] actual = new float[x.Length];
            Softmax.Run(x, Rows, cols, actual);
            actual.ShouldHaveBitsOf(expected, $"dispatch, {cols}");
            float lse = Softmax.LogSumExpScalar(x.AsSpan(0, cols));
            Softmax.LogSumExp(x.AsSpan(0, cols)).ShouldBe(lse);
            fixed (float* source = x, target = actual)
            {
                Softmax.Core<Sixteen512, Vector512<float>>(source, Rows, cols, target);
                actual.ShouldHaveBitsOf(expected, $"512, {cols}");
                Softmax.Core<Sixteen256, Pair256>(source, Rows, cols, target);
                actual.ShouldHaveBitsOf(expected, $"256, {cols}");
                Softmax.Core<Sixteen128, Quad128>(source, Rows, cols, target);
                actual.ShouldHaveBitsOf(expected, $"128, {cols}");
                Softmax.LogSumExpCore<Sixteen256, Pair256>(source, cols).ShouldBe(lse);
                Softmax.LogSumExpCore<Sixteen128, Quad128>(source, cols).ShouldBe(lse);
            }
        }
    }

    [Fact]
    public void Run_Random_MatchesDoubleOracle()
    {
        float[] x = Numbers.Random(9, 1000, 20f);
        float[] y = new float[1000];
        Softmax.Run(x, 1, 1000, y);
        double max = x.Max();
        double sum = x.Sum(v => Math.Exp(v - max));
        for (int i = 0; i < x.Length; i++)
        {
            ((double)y[i]).ShouldBe(Math.Exp(x[i] - max) / sum, 1e-7);
        }

        ((double)Softmax.LogSumExp(x)).ShouldBe(max + Math.Log(sum), 2e-6);
    }

    [Fact]
    public void Row12_FullyMaskedRow_GivesZero()
    {
        float[] y = [9f, 9f, 9f, 9f, 9f];
        Softmax.Run([Masked, Masked, Masked, Masked, Masked], 1, 5, y);
        y.ShouldBe([0f, 0f, 0f, 0f, 0f]);
        Softmax.LogSumExp([Masked, Masked]).ShouldBe(Masked);
        Softmax.LogSumExp([]).ShouldBe(Masked);
    }

    [Fact]
    public void Run_MaskedEntries_AreExactlyZero()
    {
        float[] y = new float[4];
        Softmax.Run([Masked, 3f, Masked, 3f], 1, 4, y);
        y.ShouldBe([0f, 0.5f, 0f, 0.5f]);
    }

    [Fact]
    public void Run_NaNEntry_SpreadsOverItsRowOnly()
    {
        float[] y = new float[4];
        Softmax.Run([float.NaN, Masked, 1f, 1f], 2, 2, y);
        y[0].ShouldBe(float.NaN);
        y[1].ShouldBe(float.NaN);
        y[2].ShouldBe(0.5f);
    }

    [Fact]
    public void ArgMax_EveryLengthAndInstructionSet_MatchesTheScalarTwin()
    {
        for (int length = 1; length <= 256; length++)
        {
            float[] x = [.. Numbers.Random(length, length, 3f).Select(v => MathF.Round(v))]; // many ties
            x[length / 3] = float.NaN;
            int expected = ArgMax.RunScalar(x);
            ArgMax.Run(x).ShouldBe(expected);
            fixed (float* source = x)
            {
                ArgMax.Core<Sixteen512, Vector512<float>>(source, length).ShouldBe(expected);
                ArgMax.Core<Sixteen256, Pair256>(source, length).ShouldBe(expected);
                ArgMax.Core<Sixteen128, Quad128>(source, length).ShouldBe(expected);
            }
        }
    }

    [Fact]
    public void ArgMax_TiesAcrossBlocks_GiveTheFirst()
    {
        float[] x = new float[5000];
        x[1500] = x[1501] = x[4000] = 2f;
        ArgMax.Run(x).ShouldBe(1500);
    }

    [Fact]
    public void ArgMax_NothingAboveMinusInfinity_GivesZero()
    {
        ArgMax.Run([float.NaN, Masked, Masked]).ShouldBe(0);
        ArgMax.Run([]).ShouldBe(-1);
    }

    [Fact]
    public void GatherRows_Ids_CopiesRowsAndRefusesStrangers()
    {
        float[] table = Numbers.Random(1, 5 * 3);
        float[] y = new float[6];
        Gather.Rows(table, 3, 3, [4, 0], y);
        y.ShouldBe([table[12], table[13], table[14], table[0], table[1], table[2]]);
        Should.Throw<ArgumentOutOfRangeException>(() => Gather.Rows(table, 3, 3, [5], new float[3]));
        Should.Throw<ArgumentOutOfRangeException>(() => Gather.Rows(table, 3, 3, [-1], new float[3]));
    }
}
