using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Holds the gradients of a computation against central differences in double, and the CPU's against those.</summary>
internal static class GradientCheck
{
    private const double Step = 1e-5;

    /// <summary>Checks every element of every input; the result is weighted with fixed numbers and summed.</summary>
    /// <param name="function">The computation; must not depend on anything but its inputs.</param>
    /// <param name="tolerance">Of the differences in double, relative to 1 + |gradient|.</param>
    /// <param name="inputs">Shapes and values, as float32 tensors on the CPU.</param>
    public static void Run(Func<Tensor[], Tensor> function, double tolerance, params Tensor[] inputs)
    {
        Tensor[] wide = [.. inputs.Select(input => input.To(Device.Reference).Contiguous().Clone())];
        double[][] exact = Analytic(function, wide);
        for (int n = 0; n < wide.Length; n++)
        {
            for (int i = 0; i < wide[n].ElementCount; i++)
            {
                double kept = wide[n].Span<double>(wide[n].ElementCount)[i];
                double above = Value(kept + Step), below = Value(kept - Step);
                wide[n].Span<double>(wide[n].ElementCount)[i] = kept;
                double slope = (above - below) / (2 * Step);
                Math.Abs(exact[n][i] - slope).ShouldBeLessThan(tolerance * (1 + Math.Abs(slope)), $"input {n}, element {i}: gradient {exact[n][i]}, difference {slope}");

                double Value(double at)
                {
                    wide[n].Span<double>(wide[n].ElementCount)[i] = at;
                    return Weighted(function(wide)).Item();
                }
            }
        }
        // Float32 against double: 1e-4 leaves room for sums of a few hundred terms.
        double[][] narrow = Analytic(function, [.. inputs.Select(input => input.Clone())]);
        for (int n = 0; n < inputs.Length; n++)
            for (int i = 0; i < exact[n].Length; i++)
                Math.Abs(narrow[n][i] - exact[n][i]).ShouldBeLessThan(1e-4 * (1 + Math.Abs(exact[n][i])), $"CPU, input {n}, element {i}: {narrow[n][i]} against {exact[n][i]}");
    }

    /// <summary>As the other, with inputs of the given shapes and random numbers between −1 and 1, away from 0.</summary>
    public static void Run(Func<Tensor[], Tensor> function, params Shape[] shapes)
    {
        Random random = new(7);
        Run(function, 1e-6, [.. shapes.Select(shape => Random(random, shape))]);
    }

    public static Tensor Random(Random random, Shape shape, double low = 0.1, double high = 1)
    {
        float[] values = new float[shape.ElementCount];
        for (int i = 0; i < values.Length; i++) values[i] = (float)((low + (high - low) * random.NextDouble()) * (random.Next(2) == 0 ? -1 : 1));
        return Tensor.From(values, shape);
    }

    private static double[][] Analytic(Func<Tensor[], Tensor> function, Tensor[] inputs)
    {
        foreach (Tensor input in inputs) input.RequiresGradient = true;
        using (TensorScope scope = new())
        {
            using TensorScope.Lease lease = scope.Enter();
            using GradientTape tape = new();
            Tensor result = Weighted(function(inputs));
            if (result.ElementCount > 0) tape.Backward(result);
        }
        double[][] gradients = [.. inputs.Select(input => input.Gradient?.To(Device.Reference).Contiguous().Span<double>(input.ElementCount).ToArray() ?? new double[input.ElementCount])];
        foreach (Tensor input in inputs) input.RequiresGradient = false;
        return gradients;
    }

    private static Tensor Weighted(Tensor result)
    {
        float[] weights = new float[result.ElementCount];
        for (int i = 0; i < weights.Length; i++) weights[i] = MathF.Sin(3 * i + 1);
        return (result * Tensor.From(weights, result.Shape, result.Device)).Sum();
    }
}
