using Heed.Tensors;

namespace Heed.Nn;

/// <summary>Fixed sinusoidal position vectors (Vaswani et al. 2017, arXiv 1706.03762); any size, odd ones included.</summary>
public static class SinusoidalPositions
{
    /// <summary>
    /// The paper's form, neighbours in pairs: element 2i is sin(p·n^(−2i/dim)), element 2i + 1 its cosine.
    /// </summary>
    /// <param name="count">Positions 0 … count − 1.</param>
    /// <param name="dim">The size of a vector; an odd one ends with a sine.</param>
    /// <param name="n">The base; 10000 in the paper.</param>
    /// <param name="device">Where the table lives; the CPU if null.</param>
    /// <returns>[count, dim].</returns>
    public static Tensor Interleaved(int count, int dim, double n = 10000, Device? device = null) =>
        Build(count, dim, n, device, (pair, sine, _) => 2 * pair + (sine ? 0 : 1));

    /// <summary>The other common form: all sines, then all cosines.</summary>
    /// <inheritdoc cref="Interleaved"/>
    public static Tensor Concatenated(int count, int dim, double n = 10000, Device? device = null) =>
        Build(count, dim, n, device, (pair, sine, sines) => sine ? pair : sines + pair);

    private static Tensor Build(int count, int dim, double n, Device? device, Func<int, bool, int, int> place)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(dim, 1);
        int sines = (dim + 1) / 2, cosines = dim / 2;
        float[] table = new float[checked(count * dim)];
        for (int p = 0; p < count; p++)
        {
            for (int i = 0; i < sines; i++)
            {
                (double sin, double cos) = Math.SinCos(p * Math.Pow(n, -2.0 * i / dim));
                table[p * dim + place(i, true, sines)] = (float)sin;
                if (i < cosines) table[p * dim + place(i, false, sines)] = (float)cos;
            }
        }
        return Tensor.From(table, Shape.Of(count, dim), device);
    }
}
