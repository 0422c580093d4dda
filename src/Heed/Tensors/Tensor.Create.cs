namespace Heed.Tensors;

public sealed partial class Tensor
{
    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(Shape shape, Device? device = null) => Full(shape, 0, device);

    /// <summary>A tensor of ones.</summary>
    public static Tensor Ones(Shape shape, Device? device = null) => Full(shape, 1, device);

    /// <summary>A tensor whose elements are all <paramref name="value"/>.</summary>
    public static Tensor Full(Shape shape, double value, Device? device = null)
    {
        Tensor tensor = Allocate(shape, device ?? Device.Cpu);
        tensor.Backend.Fill(tensor, value);
        return tensor;
    }

    /// <summary>A tensor with the given elements in row-major order.</summary>
    /// <exception cref="ArgumentException">The number of values is not the shape's element count.</exception>
    public static Tensor From(ReadOnlySpan<float> values, Shape shape, Device? device = null)
    {
        if (values.Length != shape.ElementCount)
            TensorErrors.Argument($"Tensor.From: got {values.Length} values for shape {shape}; expected {shape.ElementCount}.");
        Tensor tensor = Allocate(shape, device ?? Device.Cpu);
        if (tensor.DType == DType.Float32)
        {
            values.CopyTo(tensor.Span<float>(values.Length));
            return tensor;
        }
        Span<double> doubles = tensor.Span<double>(values.Length);
        for (int i = 0; i < values.Length; i++) doubles[i] = values[i];
        return tensor;
    }

    /// <summary>A one-axis tensor with the given elements.</summary>
    public static Tensor From(params ReadOnlySpan<float> values) => From(values, new Shape(values.Length));

    /// <summary>Numbers from the normal distribution N(mean, deviation²).</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="random">Where the randomness comes from; the same seed gives the same tensor.</param>
    /// <param name="mean">The mean.</param>
    /// <param name="deviation">The standard deviation.</param>
    /// <param name="device">The device; the CPU if null.</param>
    public static Tensor Normal(Shape shape, Random random, double mean = 0, double deviation = 1, Device? device = null)
    {
        float[] values = new float[shape.ElementCount];
        for (int i = 0; i < values.Length; i += 2)
        {
            // Box and Muller's transform gives two independent numbers at a time.
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            (double sin, double cos) = Math.SinCos(2 * Math.PI * random.NextDouble());
            values[i] = (float)(mean + deviation * radius * cos);
            if (i + 1 < values.Length) values[i + 1] = (float)(mean + deviation * radius * sin);
        }
        return From(values, shape, device);
    }

    /// <summary>0, 1, 2, … as a one-axis tensor.</summary>
    public static Tensor Range(int count, Device? device = null)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = i;
        return From(values, new Shape(count), device);
    }
}
