using Heed.Kernels;
using Heed.Kernels.Quantization;
using Heed.Kernels.Strips;

namespace Heed.Tests.Kernels.Strips;

public sealed class InputRoundingTests
{
    public static TheoryData<WeightType> Types => [.. Enum.GetValues<WeightType>().Where(StripMatrix.Takes)];

    /// <summary>
    /// Each of 32 inputs is off by half of their scale, max/127, at most, so a product by Σ max/254 · Σ|w| over the blocks; and its
    /// floats by their last digits, of terms as large as the weights' own largest number times the inputs.
    /// </summary>
    [Theory, MemberData(nameof(Types))]
    public void Multiply_AgainstTheWidenedWeights_ErrsByTheRoundingOfInputs(WeightType type)
    {
        const int rows = 33, columns = 768, m = 5;
        byte[] bytes = QuantizedSamples.Blocks(type, rows * columns, seed: 11);
        using StripMatrix matrix = new(type, rows, columns);
        int rowBytes = bytes.Length / rows;
        for (int strip = 0; strip < matrix.StripCount; strip++) matrix.Pack(strip, bytes.AsSpan(strip * 16 * rowBytes, matrix.RowsOf(strip) * rowBytes));
        using WorkerPool pool = new(2);
        float[] x = QuantizedSamples.Floats(m * columns, seed: 12), y = new float[m * rows], weights = new float[columns];
        matrix.Multiply(pool, m, x, columns, [], y, rows, accumulate: false);
        double most = 0;
        for (int row = 0; row < rows; row++)
        {
            Dequantize.ToFloat(type, bytes.AsSpan(row * rowBytes, rowBytes), weights);
            float largest = weights.Max(MathF.Abs);
            for (int t = 0; t < m; t++)
            {
                double exact = 0, bound = 0, terms = 0;
                for (int at = 0; at < columns; at += 32)
                {
                    float[] block = x[(t * columns + at)..(t * columns + at + 32)];
                    bound += block.Max(MathF.Abs) / 254.0 * weights.AsSpan(at, 32).ToArray().Sum(weight => (double)MathF.Abs(weight));
                    terms += largest * block.Sum(MathF.Abs);
                    for (int i = 0; i < 32; i++) exact += (double)weights[at + i] * block[i];
                }
                bound += 4 * terms * (columns / 8) / (1 << 24);
                double error = Math.Abs(y[t * rows + row] - exact);
                error.ShouldBeLessThanOrEqualTo(bound);
                most = Math.Max(most, error / bound);
            }
        }
        // The bound is no empty one.
        most.ShouldBeGreaterThan(0.02);
    }
}
