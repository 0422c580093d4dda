using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed unsafe class RopeTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Apply_EveryRotaryDimAndInstructionSet_HasTheBitsOfTheScalarTwin(bool interleaved, bool inverse)
    {
        RopeLayout layout = interleaved ? RopeLayout.Interleaved : RopeLayout.HalfSplit;
        for (int rotary = 2; rotary <= 256; rotary += 2)
        {
            int headDim = rotary + (rotary % 3), heads = 1 + (rotary % 4), stride = (heads * headDim) + 5;
            int[] positions = [3, -1, 0, 6];
            (float[] cos, float[] sin) = Tables(7, rotary);
            float[] data = Numbers.Random(rotary, positions.Length * stride);
            float[] expected = (float[])data.Clone();
            Rope.ApplyScalar(expected, stride, positions, heads, headDim, rotary, cos, sin, layout, inverse);
            float[] actual = (float[])data.Clone();
            Rope.Apply(actual, stride, positions, heads, headDim, rotary, cos, sin, layout, inverse);
            actual.ShouldHaveBitsOf(expected, $"dispatch, {rotary}");

            Rope.Shape shape = new(positions.Length, stride, heads, headDim, rotary / 2, inverse ? -1f : 1f);
            for (int path = 0; path < 3; path++)
            {
                actual = (float[])data.Clone();
                fixed (float* rows = actual, c = cos, s = sin)
                fixed (int* p = positions)
                {
                    switch (path)
                    {
                        case 0: Rope.Core<Sixteen512, Vector512<float>>(rows, p, c, s, layout, shape); break;
                        case 1: Rope.Core<Sixteen256, Pair256>(rows, p, c, s, layout, shape); break;
                        default: Rope.Core<Sixteen128, Quad128>(rows, p, c, s, layout, shape); break;
                    }
                }

                actual.ShouldHaveBitsOf(expected, $"path {path}, {rotary}");
            }
        }
    }

    [Fact]
    public void Apply_NegativePositionAndDimsBeyondRotary_AreLeft()
    {
        (float[] cos, float[] sin) = Tables(4, 4);
        float[] data = Numbers.Random(1, 2 * 6);
        float[] before = (float[])data.Clone();
        Rope.Apply(data, 6, [-1, 2], 1, 6, 4, cos, sin, RopeLayout.Interleaved);
        data[..6].ShouldBe(before[..6]);
        data[10..].ShouldBe(before[10..]);
        data[6].ShouldNotBe(before[6]);
    }

    [Fact]
    public void Row16_ScoreOfRotatedVectors_DependsOnTheDistanceOnly()
    {
        const int Dim = 64;
        (float[] cos, float[] sin) = Tables(100_001, Dim);
        float[] q = Numbers.Random(1, Dim);
        float[] k = Numbers.Random(2, Dim);
        double near = Score(17, 5);
        foreach (int shift in (int[])[1, 1000, 31_415, 99_900])
        {
            // 1e-4: 64 products of numbers up to 4, rounded to float32.
            Score(17 + shift, 5 + shift).ShouldBe(near, 1e-4);
        }

        double Score(int m, int n)
        {
            float[] a = (float[])q.Clone();
            float[] b = (float[])k.Clone();
            Rope.Apply(a, Dim, [m], 1, Dim, Dim, cos, sin, RopeLayout.HalfSplit);
            Rope.Apply(b, Dim, [n], 1, Dim, Dim, cos, sin, RopeLayout.HalfSplit);
            return a.Zip(b, (x, y) => (double)x * y).Sum();
        }
    }

    [Fact]
    public void Row18_BothLayouts_AgreeAfterPermutation()
    {
        const int Dim = 80;
        (float[] cos, float[] sin) = Tables(50, Dim);
        float[] pairs = Numbers.Random(1, Dim);
        float[] halves = Permute(pairs);
        Rope.Apply(pairs, Dim, [41], 1, Dim, Dim, cos, sin, RopeLayout.Interleaved);
        Rope.Apply(halves, Dim, [41], 1, Dim, Dim, cos, sin, RopeLayout.HalfSplit);
        halves.ShouldHaveBitsOf(Permute(pairs), "half-split of the permuted vector");

        static float[] Permute(float[] x)
            => [.. Enumerable.Range(0, Dim).Select(i => i < Dim / 2 ? x[2 * i] : x[(2 * (i - (Dim / 2))) + 1])];
    }

    [Fact]
    public void Row21_PositionBeyondTheTables_Throws()
    {
        (float[] cos, float[] sin) = Tables(4, 4);
        Should.Throw<ArgumentOutOfRangeException>(() => Rope.Apply(new float[4], 4, [4], 1, 4, 4, cos, sin, RopeLayout.HalfSplit))
            .Message.ShouldContain("position 4; the tables hold 4");
    }

    [Fact]
    public void Apply_OddRotaryDim_Throws()
        => Should.Throw<ArgumentException>(() => Rope.Apply(new float[5], 5, [0], 1, 5, 5, new float[9], new float[9], RopeLayout.HalfSplit));

    private static (float[] Cos, float[] Sin) Tables(int positions, int rotary)
    {
        int half = rotary / 2;
        float[] cos = new float[positions * half];
        float[] sin = new float[positions * half];
        for (int p = 0; p < positions; p++)
        {
            for (int i = 0; i < half; i++)
            {
                (double s, double c) = Math.SinCos(p * Math.Pow(10000, -2.0 * i / rotary));
                cos[(p * half) + i] = (float)c;
                sin[(p * half) + i] = (float)s;
            }
        }

        return (cos, sin);
    }
}
