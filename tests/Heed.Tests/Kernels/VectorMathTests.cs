using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed unsafe class VectorMathTests
{
    // Every 997th bit pattern: positive, negative, denormal, infinite and NaN, some four million.
    private const int BitStep = 997;

    [Fact]
    public void Exp_AllMagnitudes_IsWithinOneUlp()
    {
        double worst = 0;
        for (long bits = 0; bits <= uint.MaxValue; bits += BitStep)
        {
            float x = BitConverter.UInt32BitsToSingle((uint)bits);
            double expected = Math.Exp(x);
            float actual = VectorMath.Exp(x);
            if (double.IsNaN(expected))
            {
                actual.ShouldBe(float.NaN);
            }
            else if (expected < Math.Pow(2, -126))
            {
                actual.ShouldBe(0f);
            }
            else if (expected > float.MaxValue)
            {
                actual.ShouldBe(float.PositiveInfinity);
            }
            else
            {
                worst = Math.Max(worst, Numbers.UlpError(actual, expected));
            }
        }

        worst.ShouldBeLessThan(1.0);
    }

    [Fact]
    public void Tanh_AllMagnitudes_IsWithinTwoUlp()
    {
        double worst = 0;
        for (long bits = 0; bits < 0x7F800000; bits += BitStep)
        {
            float x = BitConverter.UInt32BitsToSingle((uint)bits);
            worst = Math.Max(worst, Numbers.UlpError(VectorMath.Tanh(x), Math.Tanh(x)));
            VectorMath.Tanh(-x).ShouldBe(-VectorMath.Tanh(x));
        }

        worst.ShouldBeLessThan(2.0);
    }

    [Fact]
    public void Erf_AllMagnitudes_IsWithinTwoUlp()
    {
        double worst = 0;
        for (float x = 1e-30f; x < 6f; x *= 1.0003f)
        {
            worst = Math.Max(worst, Numbers.UlpError(VectorMath.Erf(x), ErfOracle(x)));
            VectorMath.Erf(-x).ShouldBe(-VectorMath.Erf(x));
        }

        worst.ShouldBeLessThan(2.0);
        VectorMath.Erf(float.PositiveInfinity).ShouldBe(1f);
        VectorMath.Erf(float.NaN).ShouldBe(float.NaN);
    }

    [Fact]
    public void Sigmoid_Range_IsWithinTwoUlp()
    {
        double worst = 0;
        for (float x = -80f; x < 80f; x += 0.00173f)
        {
            worst = Math.Max(worst, Numbers.UlpError(VectorMath.Sigmoid(x), 1 / (1 + Math.Exp(-x))));
        }

        worst.ShouldBeLessThan(2.5);
    }

    [Fact]
    public void Functions_EveryInstructionSetAndLength_HaveTheBitsOfTheScalarTwin()
    {
        for (int length = 0; length <= 256; length++)
        {
            float[] x = Numbers.Random(length, length, 6f);
            Numbers.Special.AsSpan(0, Math.Min(length, Numbers.Special.Length)).CopyTo(x);
            CheckPaths<Elementwise.ExpMap>(x, 0f);
            CheckPaths<Elementwise.ErfMap>(x, 0f);
            CheckPaths<Elementwise.SoftCapMap>(x, 3f);
            CheckPaths<Activations.Relu>(x, 0f);
            CheckPaths<Activations.Silu>(x, 0f);
            CheckPaths<Activations.Swish>(x, 1.7f);
            CheckPaths<Activations.Gelu>(x, 0f);
            CheckPaths<Activations.GeluTanh>(x, 0f);
            CheckPaths<Activations.Sigmoid>(x, 0f);
            CheckPaths<Activations.Tanh>(x, 0f);
        }
    }

    private static void CheckPaths<TMap>(float[] x, float constant)
        where TMap : struct, IMap
    {
        float[] expected = new float[x.Length];
        float[] actual = new float[x.Length + 1];
        Map.RunScalar<TMap>(x, expected, constant);
        fixed (float* source = x, target = actual)
        {
            for (int path = 0; path < 4; path++)
            {
                Array.Fill(actual, 77f);
                switch (path)
                {
                    case 0: Map.Core<TMap, Sixteen512, Vector512<float>>(source, target, x.Length, constant); break;
                    case 1: Map.Core<TMap, Sixteen256, Pair256>(source, target, x.Length, constant); break;
                    case 2: Map.Core<TMap, Sixteen128, Quad128>(source, target, x.Length, constant); break;
                    default: Map.Run<TMap>(x, actual, constant); break;
                }

                string what = $"{typeof(TMap).Name}, path {path}, length {x.Length}";
                ((ReadOnlySpan<float>)actual.AsSpan(0, x.Length)).ShouldHaveBitsOf(expected, what);
                actual[x.Length].ShouldBe(77f, what);
            }
        }
    }

    /// <summary>erf by its Taylor series up to 3, beyond by the continued fraction of erfc.</summary>
    internal static double ErfOracle(double x)
    {
        if (x < 0)
        {
            return -ErfOracle(-x);
        }

        if (x < 3)
        {
            double term = x;
            double sum = x;
            for (int n = 1; n < 100; n++)
            {
                term *= -x * x / n;
                sum += term / ((2 * n) + 1);
            }

            return sum * 2 / Math.Sqrt(Math.PI);
        }

        double fraction = x;
        for (int k = 60; k > 0; k--)
        {
            fraction = x + (k / 2.0 / fraction);
        }

        return 1 - (Math.Exp(-x * x) / Math.Sqrt(Math.PI) / fraction);
    }
}
