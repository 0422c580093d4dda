using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed unsafe class CrossEntropyTests
{
    [Fact]
    public void Row_EveryLengthCapAndInstructionSet_HasTheBitsOfTheScalarTwin()
    {
        foreach (float cap in new[] { 0f, 5f })
            foreach (int cols in Enumerable.Range(1, 256).Append(1024).Append(1031).Append(3000))
            {
                float[] logits = Numbers.Random(cols, cols, 9f), expected = new float[cols];
                int target = cols * 2 / 3;
                double loss = CrossEntropy.RowScalar(logits, target, cap, 0.25, expected);
                for (int path = 0; path <= 3; path++)
                {
                    float[] actual = new float[cols];
                    Run(path, logits, target, cap, 0.25, actual).ShouldBe(loss, $"loss, {cols}, path {path}");
                    actual.ShouldHaveBitsOf(expected, $"gradient, {cols}, cap {cap}, path {path}");
                    Run(path, logits, target, cap, 0.25, []).ShouldBe(loss, $"loss alone, {cols}, path {path}");
                }
                CrossEntropy.Row(logits, target, cap, 0.25, logits).ShouldBe(loss);
                logits.ShouldHaveBitsOf(expected, $"over the logits, {cols}, cap {cap}");
            }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(20f)]
    public void Row_LargeVocabulary_MatchesDoubleOracle(float cap)
    {
        const int Cols = 32000;
        float[] logits = Numbers.Random(8, Cols, 30f), gradient = new float[Cols];
        double[] z = [.. logits.Select(value => cap > 0 ? cap * Math.Tanh(value / (double)cap) : value)];
        double max = z.Max(), sum = z.Sum(value => Math.Exp(value - max));
        // Beside the exponentials' last bits, the capped logits have errors of some 1e-6.
        CrossEntropy.Row(logits, 17, cap, 3, gradient).ShouldBe(max + Math.Log(sum) - z[17], 4e-6);
        for (int i = 0; i < Cols; i++)
        {
            double p = Math.Exp(z[i] - max) / sum, slope = cap > 0 ? 1 - (z[i] / cap * (z[i] / cap)) : 1;
            ((double)gradient[i]).ShouldBe((p - (i == 17 ? 1 : 0)) * 3 * slope, 1e-6 * Math.Max(1e-3, i == 17 ? 3 : 3 * p), $"class {i}");
        }
    }

    [Fact]
    public void Row_NearlyCertainTarget_HasAGradientThatSumsToZero()
    {
        float[] gradient = new float[2];
        double small = Math.Exp(-10) / (1 + Math.Exp(-10));
        CrossEntropy.Row([10f, 0f], 0, 0f, 1, gradient).ShouldBe(Math.Log(1 + Math.Exp(-10)), 1e-7);
        ((double)gradient[1]).ShouldBe(small, 1e-11);
        ((double)gradient[0]).ShouldBe(-small, 1e-7); // the sum 1 + e^-10 is a float
    }

    [Fact]
    public void Row_InfinitiesAndNaN_GiveWhatIsStated()
    {
        const float Inf = float.PositiveInfinity;
        for (int path = 0; path <= 3; path++)
            foreach (int length in new[] { 3, 40 })
            {
                float[] ones = [.. Enumerable.Repeat(1f, length)], gradient = new float[length];
                double.IsNaN(Run(path, With(1, float.NaN), 0, 0, 1, gradient)).ShouldBeTrue();
                double.IsNaN(Run(path, With(1, float.NaN), 1, 0, 1, gradient)).ShouldBeTrue();
                double.IsNaN(Run(path, With(1, Inf), 0, 0, 1, gradient)).ShouldBeTrue();
                double.IsNaN(Run(path, [.. Enumerable.Repeat(-Inf, length)], 0, 0, 1, gradient)).ShouldBeTrue();
                Run(path, With(1, -Inf), 1, 0, 1, gradient).ShouldBe(double.PositiveInfinity);
                Run(path, With(1, -Inf), 0, 0, 1, gradient).ShouldBe(Math.Log(length - 1), 1e-12);
                gradient[1].ShouldBe(0f);
                Run(path, With(1, -Inf), 0, 2, 1, gradient).ShouldBeGreaterThan(0); // capped: −∞ is −2
                float[] With(int at, float value)
                {
                    float[] changed = (float[])ones.Clone();
                    changed[at] = value;
                    return changed;
                }
            }
    }

    [Fact]
    public void Row_TargetOutside_Throws() =>
        Should.Throw<ArgumentOutOfRangeException>(() => CrossEntropy.Row(new float[4], 4, 0, 1, [])).Message.ShouldContain("need 0 to 3");

    private static double Run(int path, float[] logits, int target, float cap, double scale, float[] gradient)
    {
        fixed (float* z = logits, slopes = gradient)
        {
            return path switch
            {
                0 => CrossEntropy.Core<Sixteen128, Quad128>(z, logits.Length, target, cap, scale, slopes),
                1 => CrossEntropy.Core<Sixteen256, Pair256>(z, logits.Length, target, cap, scale, slopes),
                2 => CrossEntropy.Core<Sixteen512, Vector512<float>>(z, logits.Length, target, cap, scale, slopes),
                _ => CrossEntropy.Row(logits, target, cap, scale, gradient),
            };
        }
    }
}
