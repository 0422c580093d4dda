using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>The gradients of row operations: every instruction set has the bits of the scalar twin.</summary>
public sealed unsafe class RowGradientsTests
{
    private const float Eps = 1e-5f;

    [Fact]
    public void Softmax_EveryLengthAndInstructionSet_HasTheBitsOfTheScalarTwin()
    {
        for (int cols = 0; cols <= 256; cols++)
        {
            int rows = 1 + (cols % 4);
            float[] y = Numbers.Random(cols, rows * cols), dy = Numbers.Random(cols + 1, rows * cols), expected = new float[rows * cols];
            SoftmaxGradient.RunScalar(y, dy, rows, cols, expected);
            OnEveryPath(expected, $"softmax, {cols}", (actual, path) =>
            {
                fixed (float* p = y, upstream = dy, target = actual)
                {
                    if (path == 3) SoftmaxGradient.Run(y, dy, rows, cols, actual);
                    else if (path == 2) SoftmaxGradient.Core<Sixteen512, Vector512<float>>(p, upstream, rows, cols, target);
                    else if (path == 1) SoftmaxGradient.Core<Sixteen256, Pair256>(p, upstream, rows, cols, target);
                    else SoftmaxGradient.Core<Sixteen128, Quad128>(p, upstream, rows, cols, target);
                }
            });
            SoftmaxGradient.Run(y, dy, rows, cols, dy);
            dy.ShouldHaveBitsOf(expected, $"in place, {cols}");
        }
    }

    [Fact]
    public void RmsNorm_EveryLengthAndInstructionSet_HasTheBitsOfTheScalarTwin()
    {
        for (int dim = 1; dim <= 256; dim++)
        {
            int rows = 1 + (dim % 4), count = rows * dim;
            float[] x = Numbers.Random(dim, count), weight = Numbers.Random(dim + 1, dim), dy = Numbers.Random(dim + 2, count);
            // dx, then dWeight, which starts at 0 here and in every run.
            float[] expected = new float[count + dim];
            RmsNormGradient.RunScalar(x, weight, Eps, dy, rows, dim, expected.AsSpan(0, count), expected.AsSpan(count));
            OnEveryPath(expected, $"rms norm, {dim}", (actual, path) =>
            {
                fixed (float* source = x, scale = weight, upstream = dy, target = actual)
                {
                    if (path == 3) RmsNormGradient.Run(x, weight, Eps, dy, rows, dim, actual.AsSpan(0, count), actual.AsSpan(count));
                    else if (path == 2) RmsNormGradient.Core<Sixteen512, Vector512<float>>(source, scale, Eps, upstream, rows, dim, target, target + count);
                    else if (path == 1) RmsNormGradient.Core<Sixteen256, Pair256>(source, scale, Eps, upstream, rows, dim, target, target + count);
                    else RmsNormGradient.Core<Sixteen128, Quad128>(source, scale, Eps, upstream, rows, dim, target, target + count);
                }
            });
            float[] alone = new float[count], gains = new float[dim];
            RmsNormGradient.Run(x, weight, Eps, dy, rows, dim, [], gains);
            gains.ShouldHaveBitsOf(expected[count..], $"dWeight alone, {dim}");
            RmsNormGradient.Run(x, weight, Eps, dy, rows, dim, dy, []);
            dy.ShouldHaveBitsOf(expected[..count], $"dx alone, over dy, {dim}");
        }
    }

    [Fact]
    public void LayerNorm_EveryLengthAndInstructionSet_HasTheBitsOfTheScalarTwin()
    {
        for (int dim = 1; dim <= 256; dim++)
        {
            int rows = 1 + (dim % 4), count = rows * dim;
            float[] x = Numbers.Random(dim, count), weight = Numbers.Random(dim + 1, dim), dy = Numbers.Random(dim + 2, count);
            float[] expected = new float[count + (2 * dim)];
            LayerNormGradient.RunScalar(x, weight, Eps, dy, rows, dim, expected.AsSpan(0, count), expected.AsSpan(count, dim), expected.AsSpan(count + dim));
            OnEveryPath(expected, $"layer norm, {dim}", (actual, path) =>
            {
                fixed (float* source = x, scale = weight, upstream = dy, target = actual)
                {
                    float* gains = target + count, shifts = gains + dim;
                    if (path == 3) LayerNormGradient.Run(x, weight, Eps, dy, rows, dim, actual.AsSpan(0, count), actual.AsSpan(count, dim), actual.AsSpan(count + dim));
                    else if (path == 2) LayerNormGradient.Core<Sixteen512, Vector512<float>>(source, scale, Eps, upstream, rows, dim, target, gains, shifts);
                    else if (path == 1) LayerNormGradient.Core<Sixteen256, Pair256>(source, scale, Eps, upstream, rows, dim, target, gains, shifts);
                    else LayerNormGradient.Core<Sixteen128, Quad128>(source, scale, Eps, upstream, rows, dim, target, gains, shifts);
                }
            });
            float[] bias = new float[dim];
            LayerNormGradient.Run(x, weight, Eps, dy, rows, dim, [], [], bias);
            bias.ShouldHaveBitsOf(expected[(count + dim)..], $"dBias alone, {dim}");
            LayerNormGradient.Run(x, weight, Eps, dy, rows, dim, x, [], []);
            x.ShouldHaveBitsOf(expected[..count], $"dx alone, over x, {dim}");
        }
    }

    [Fact]
    public void Activations_EveryLengthAndInstructionSet_HaveTheBitsOfTheScalarTwin()
    {
        Check<Slopes.Relu>(ActivationKind.Relu);
        Check<Slopes.Silu>(ActivationKind.Silu);
        Check<Slopes.Gelu>(ActivationKind.Gelu);
        Check<Slopes.GeluTanh>(ActivationKind.GeluTanh);
        Check<Slopes.Swish>(ActivationKind.Swish, 1.7f);
        Check<Slopes.Sigmoid>(ActivationKind.Sigmoid);

        static void Check<TSlope>(ActivationKind kind, float beta = 1) where TSlope : struct, ISlope
        {
            for (int count = 0; count <= 256; count++)
            {
                float[] x = Numbers.Random(count, count, 8f), dy = Numbers.Random(count + 1, count), expected = new float[count];
                Numbers.Special.AsSpan(0, Math.Min(count, Numbers.Special.Length)).CopyTo(x);
                ActivationGradient.RunScalar<TSlope>(x, dy, expected, beta);
                OnEveryPath(expected, $"{kind}, {count}", (actual, path) =>
                {
                    fixed (float* source = x, upstream = dy, target = actual)
                    {
                        if (path == 3) ActivationGradient.Apply(kind, x, dy, actual, beta);
                        else if (path == 2) ActivationGradient.Core<TSlope, Sixteen512, Vector512<float>>(source, upstream, target, count, beta);
                        else if (path == 1) ActivationGradient.Core<TSlope, Sixteen256, Pair256>(source, upstream, target, count, beta);
                        else ActivationGradient.Core<TSlope, Sixteen128, Quad128>(source, upstream, target, count, beta);
                    }
                });
            }
        }
    }

    [Fact]
    public void Gated_EveryLengthAndInstructionSet_HasTheBitsOfTheScalarTwin()
    {
        Check<Slopes.Silu>(ActivationKind.Silu);
        Check<Slopes.GeluTanh>(ActivationKind.GeluTanh);
        Check<Slopes.Swish>(ActivationKind.Swish, 1.7f);
        Check<Slopes.Sigmoid>(ActivationKind.Sigmoid);

        static void Check<TSlope>(ActivationKind kind, float beta = 1) where TSlope : struct, ISlope
        {
            for (int hidden = 0; hidden <= 256; hidden++)
            {
                int rows = 1 + (hidden % 3);
                float[] x = Numbers.Random(hidden, 2 * rows * hidden, 6f), dy = Numbers.Random(hidden + 1, rows * hidden), expected = new float[2 * rows * hidden];
                ActivationGradient.RunGatedScalar<TSlope>(x, dy, rows, hidden, expected, beta);
                OnEveryPath(expected, $"gated {kind}, {hidden}", (actual, path) =>
                {
                    fixed (float* source = x, upstream = dy, target = actual)
                    {
                        if (path == 3) ActivationGradient.ApplyGated(kind, x, dy, rows, hidden, actual, beta);
                        else if (path == 2) ActivationGradient.GatedCore<TSlope, Sixteen512, Vector512<float>>(source, upstream, target, rows, hidden, beta);
                        else if (path == 1) ActivationGradient.GatedCore<TSlope, Sixteen256, Pair256>(source, upstream, target, rows, hidden, beta);
                        else ActivationGradient.GatedCore<TSlope, Sixteen128, Quad128>(source, upstream, target, rows, hidden, beta);
                    }
                });
            }
        }
    }

    /// <summary>Paths 0 to 2 are 128, 256 and 512 bits, 3 is the dispatch of this machine.</summary>
    private static void OnEveryPath(float[] expected, string what, Action<float[], int> run)
    {
        for (int path = 0; path <= 3; path++)
        {
            float[] actual = new float[expected.Length];
            run(actual, path);
            actual.ShouldHaveBitsOf(expected, $"{what}, path {path}");
        }
    }
}
