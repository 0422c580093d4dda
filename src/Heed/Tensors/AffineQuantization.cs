namespace Heed.Tensors;

/// <summary>
/// Affine quantization of numbers to at most 8 bits: q = clamp(round(x/scale) + zeroPoint, 0, 2^bits − 1) and back
/// x ≈ scale·(q − zeroPoint). The range always includes 0, so that 0 comes back exactly; the error of a number in range is at
/// most half of the scale.
/// </summary>
public readonly record struct AffineQuantization
{
    private const int MostBits = 8;

    private AffineQuantization(float scale, int zeroPoint, int bits) => (Scale, ZeroPoint, Bits) = (scale, zeroPoint, bits);

    /// <summary>The distance between two neighbours; above 0.</summary>
    public float Scale { get; }

    /// <summary>The number that stands for 0, from 0 to 2^bits − 1.</summary>
    public int ZeroPoint { get; }

    /// <summary>How many bits a number has, from 1 to 8.</summary>
    public int Bits { get; }

    private int Greatest => (1 << Bits) - 1;

    /// <summary>The quantization that fits some numbers: from their least, or 0, to their greatest, or 0.</summary>
    /// <param name="values">The numbers; none at all is like a single 0.</param>
    /// <param name="bits">From 1 to 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">Bits are out of range.</exception>
    /// <exception cref="ArgumentException">A number is NaN or infinite.</exception>
    public static AffineQuantization Of(ReadOnlySpan<float> values, int bits = 8)
    {
        if (bits is < 1 or > 8) throw new ArgumentOutOfRangeException(nameof(bits), bits, $"AffineQuantization: got {bits} bits; expected 1 to 8.");
        double least = 0, greatest = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i])) throw new ArgumentException($"AffineQuantization: number {i} is {values[i]}; expected finite numbers.", nameof(values));
            least = Math.Min(least, values[i]);
            greatest = Math.Max(greatest, values[i]);
        }
        return OfRange(least, greatest, bits);
    }

    /// <summary>As <see cref="Of"/> for numbers from <paramref name="least"/>, 0 or below, to <paramref name="greatest"/>, 0 or above.</summary>
    internal static AffineQuantization OfRange(double least, double greatest, int bits = MostBits)
    {
        int top = (1 << bits) - 1;
        // The least normal number keeps a tensor of zeros finite.
        float scale = Math.Max((float)((greatest - least) / top), 1.17549435e-38f);
        return new AffineQuantization(scale, (int)Math.Clamp(Math.Round(-least / scale), 0, top), bits);
    }

    /// <summary>One of eight bits that was made before.</summary>
    internal static AffineQuantization Stored(float scale, int zeroPoint) => new(scale, zeroPoint, MostBits);

    /// <summary>Quantizes; numbers beyond the range become its ends, NaN the zero point.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="destination">One byte for each.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void Quantize(ReadOnlySpan<float> values, Span<byte> destination)
    {
        CheckLengths("Quantize", values.Length, destination.Length);
        for (int i = 0; i < values.Length; i++)
        {
            double steps = float.IsNaN(values[i]) ? 0 : Math.Round((double)values[i] / Scale);
            destination[i] = (byte)Math.Clamp(steps + ZeroPoint, 0, Greatest);
        }
    }

    /// <summary>The numbers that bytes stand for.</summary>
    /// <param name="quantized">What <see cref="Quantize"/> gave.</param>
    /// <param name="destination">One number for each.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void Dequantize(ReadOnlySpan<byte> quantized, Span<float> destination)
    {
        CheckLengths("Dequantize", quantized.Length, destination.Length);
        for (int i = 0; i < quantized.Length; i++) destination[i] = Scale * (quantized[i] - ZeroPoint);
    }

    private static void CheckLengths(string operation, int source, int destination)
    {
        if (source != destination) throw new ArgumentException($"AffineQuantization.{operation}: got {source} numbers and room for {destination}; expected as many.", nameof(destination));
    }
}
