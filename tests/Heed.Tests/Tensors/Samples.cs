using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>How a sample tensor lies in memory.</summary>
public enum Layout
{
    Contiguous,
    Reversed,
    Sliced,
    EverySecond,
    Repeated,
}

/// <summary>Random tensors of any layout on the CPU, their exact twins on the reference device, and comparison.</summary>
internal static class Samples
{
    public static readonly int[][] OddShapes =
        [[], [1], [7], [0], [33], [257], [3, 5], [1, 9], [9, 1], [4, 0, 3], [2, 3, 17], [5, 1, 6, 2], [2, 2, 2, 2, 3], [64, 65]];

    public static Tensor Make(int seed, Layout layout, ReadOnlySpan<int> sizes, Device device, double low = -3, double high = 3)
    {
        Random random = new(seed);
        int rank = sizes.Length;
        int[] stored = sizes.ToArray();
        if (layout == Layout.Reversed) Array.Reverse(stored);
        for (int i = 0; i < rank; i++)
        {
            if (layout == Layout.Sliced) stored[i] += 3;
            if (layout == Layout.EverySecond) stored[i] = Math.Max(0, 2 * stored[i] - 1);
            if (layout == Layout.Repeated && i % 2 == 0 && stored[i] > 0) stored[i] = 1;
        }
        Shape shape = new(stored);
        float[] values = new float[shape.ElementCount];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(low + (high - low) * random.NextDouble());
        Tensor tensor = Tensor.From(values, shape, device);
        switch (layout)
        {
            case Layout.Reversed:
                return tensor.Permute([.. Enumerable.Range(0, rank).Reverse()]);
            case Layout.Sliced:
                for (int i = 0; i < rank; i++) tensor = tensor.Slice(i, 1 + i % 2, sizes[i]);
                return tensor;
            case Layout.EverySecond:
                for (int i = 0; i < rank; i++) tensor = tensor.Every(i, 2);
                return tensor;
            case Layout.Repeated:
                return tensor.BroadcastTo(new Shape(sizes));
            default:
                return tensor;
        }
    }

    public static Tensor Make(int seed, ReadOnlySpan<int> sizes, Device device) => Make(seed, Layout.Contiguous, sizes, device);

    /// <summary>The elements in row-major order, read one by one through shape and strides, without the backends' help.</summary>
    public static double[] Read(Tensor tensor)
    {
        double[] values = new double[tensor.ElementCount];
        int[] index = new int[tensor.Rank];
        for (int i = 0; i < values.Length; i++)
        {
            int place = 0;
            for (int axis = 0; axis < index.Length; axis++) place += index[axis] * tensor.Stride(axis);
            values[i] = tensor.DType == DType.Float32 ? tensor.Extent<float>()[place] : tensor.Extent<double>()[place];
            for (int axis = index.Length - 1; axis >= 0 && ++index[axis] == tensor.Shape[axis]; axis--) index[axis] = 0;
        }
        return values;
    }

    public static void ShouldMatch(Tensor got, Tensor expected, double relative = 1e-6, double absolute = 1e-6)
    {
        got.Shape.ShouldBe(expected.Shape);
        ShouldMatch(Read(got), Read(expected), relative, absolute);
    }

    public static void ShouldMatch(double[] got, double[] expected, double relative = 1e-6, double absolute = 1e-6)
    {
        got.Length.ShouldBe(expected.Length);
        for (int i = 0; i < got.Length; i++)
        {
            if (got[i] == expected[i] || (double.IsNaN(got[i]) && double.IsNaN(expected[i]))) continue;
            double allowed = absolute + relative * Math.Abs(expected[i]);
            if (!(Math.Abs(got[i] - expected[i]) <= allowed))
                throw new ShouldAssertException($"element {i}: got {got[i]:R}, expected {expected[i]:R} ± {allowed:E2}");
        }
    }

    /// <summary>The bits of all elements, for comparisons that allow no difference.</summary>
    public static int[] Bits(Tensor tensor) => Array.ConvertAll(tensor.ToArray(), BitConverter.SingleToInt32Bits);
}
