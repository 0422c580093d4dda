namespace Heed.Nn;

/// <summary>The angle per position of each rotary pair, base^(−2i/d), under every scaling rule; all in double.</summary>
internal static class RopeFrequencies
{
    /// <summary>Frequencies [dim/2] and the factor that cosines and sines are multiplied by.</summary>
    public static double[] Compute(int dim, double theta, RopeScaling scaling, out double amplitude)
    {
        double[] plain = Plain(dim, theta);
        amplitude = 1;
        switch (scaling.Kind)
        {
            case RopeScalingKind.Linear:
                for (int i = 0; i < plain.Length; i++) plain[i] /= scaling.Factor;
                break;
            case RopeScalingKind.Llama3:
                for (int i = 0; i < plain.Length; i++) plain[i] = Llama3(plain[i], scaling);
                break;
            case RopeScalingKind.Yarn:
                amplitude = scaling.AttentionFactor ?? (scaling.Factor <= 1 ? 1 : 0.1 * Math.Log(scaling.Factor) + 1);
                Yarn(plain, dim, theta, scaling);
                break;
            case RopeScalingKind.LongRope:
                amplitude = scaling.AttentionFactor
                    ?? (scaling.Factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(scaling.Factor) / Math.Log(scaling.OriginalMaxSeqLen)));
                Divide(plain, scaling.ShortFactors, nameof(scaling.ShortFactors));
                break;
        }
        if (scaling.FrequencyFactors is { } factors) Divide(plain, [.. factors], nameof(scaling.FrequencyFactors));
        return plain;
    }

    /// <summary>LongRoPE's frequencies beyond the original length.</summary>
    public static double[] LongRope(int dim, double theta, RopeScaling scaling)
    {
        double[] frequencies = Plain(dim, theta);
        Divide(frequencies, scaling.LongFactors, nameof(scaling.LongFactors));
        return frequencies;
    }

    /// <summary>NTK's frequencies for a sequence of <paramref name="length"/> beyond the original one.</summary>
    public static double[] Ntk(int dim, double theta, RopeScaling scaling, int length)
    {
        double growth = scaling.Factor * length / scaling.OriginalMaxSeqLen - (scaling.Factor - 1);
        return Plain(dim, theta * Math.Pow(growth, dim / (dim - 2.0)));
    }

    private static void Divide(double[] frequencies, IReadOnlyList<double>? factors, string name)
    {
        if (factors?.Count != frequencies.Length)
            throw new ArgumentException($"Rope: {name} has {factors?.Count ?? 0} numbers; expected {frequencies.Length}.");
        for (int i = 0; i < frequencies.Length; i++) frequencies[i] /= factors[i];
    }

    private static double[] Plain(int dim, double theta)
    {
        double[] frequencies = new double[dim / 2];
        for (int i = 0; i < frequencies.Length; i++) frequencies[i] = Math.Pow(theta, -2.0 * i / dim);
        return frequencies;
    }

    private static double Llama3(double frequency, RopeScaling scaling)
    {
        double wavelength = 2 * Math.PI / frequency;
        if (wavelength < scaling.OriginalMaxSeqLen / scaling.HighFrequencyFactor) return frequency;
        if (wavelength > scaling.OriginalMaxSeqLen / scaling.LowFrequencyFactor) return frequency / scaling.Factor;
        double smooth = (scaling.OriginalMaxSeqLen / wavelength - scaling.LowFrequencyFactor)
            / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return (1 - smooth) * frequency / scaling.Factor + smooth * frequency;
    }

    private static void Yarn(double[] frequencies, int dim, double theta, RopeScaling scaling)
    {
        // The pair that turns `beta` times over the original context.
        double PairOf(double beta) => dim * Math.Log(scaling.OriginalMaxSeqLen / (beta * 2 * Math.PI)) / (2 * Math.Log(theta));
        double low = PairOf(scaling.BetaFast), high = PairOf(scaling.BetaSlow);
        if (scaling.Truncate) (low, high) = (Math.Floor(low), Math.Ceiling(high));
        low = Math.Max(low, 0);
        high = Math.Min(high, dim - 1);
        if (low >= high) high = low + 0.001;
        for (int i = 0; i < frequencies.Length; i++)
        {
            double interpolated = Math.Clamp((i - low) / (high - low), 0, 1);
            frequencies[i] *= 1 - interpolated + interpolated / scaling.Factor;
        }
    }
}
