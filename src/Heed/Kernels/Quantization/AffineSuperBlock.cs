using System.Runtime.CompilerServices;

namespace Heed.Kernels.Quantization;

/// <summary>
/// Chooses what a super-block of 256 numbers with sub-blocks d·s·q − dmin·m stores (Q2_K, Q4_K, Q5_K): each sub-block's own
/// best scale and minimum, then d and dmin, then the whole numbers s and m near them that err least with these.
/// </summary>
[SkipLocalsInit]
internal ref struct AffineSuperBlock
{
    private const int Rounds = 2;
    private const int MostSubBlocks = 16;

    private readonly int _subLength, _levels, _scaleLevels;

    /// <param name="subLength">Numbers in a sub-block: 16 or 32.</param>
    /// <param name="levels">The largest q.</param>
    /// <param name="scaleLevels">The largest s and m.</param>
    /// <param name="scales">Gets s of each sub-block.</param>
    /// <param name="minima">Gets m of each sub-block.</param>
    /// <param name="quants">Gets q of each number.</param>
    public AffineSuperBlock(int subLength, int levels, int scaleLevels, Span<byte> scales, Span<byte> minima, Span<byte> quants)
    {
        (_subLength, _levels, _scaleLevels) = (subLength, levels, scaleLevels);
        Scales = scales;
        Minima = minima;
        Quants = quants;
    }

    public Span<byte> Scales { get; }

    public Span<byte> Minima { get; }

    public Span<byte> Quants { get; }

    /// <summary>The super-block's scale of scales, a binary16 number.</summary>
    public float D { get; private set; }

    /// <summary>The super-block's scale of minima, a binary16 number.</summary>
    public float DMin { get; private set; }

    /// <summary>Chooses all of it.</summary>
    /// <param name="x">256 finite numbers.</param>
    /// <param name="importance">As many, or empty.</param>
    public void Encode(scoped ReadOnlySpan<float> x, scoped ReadOnlySpan<float> importance)
    {
        Span<float> weights = stackalloc float[BlockSizes.Super], bestScales = stackalloc float[MostSubBlocks], bestMinima = stackalloc float[MostSubBlocks];
        int subs = BlockSizes.Super / _subLength;
        float largestScale = 0, largestMinimum = 0;
        for (int i = 0; i < subs; i++)
        {
            Range range = Sub(i);
            ElementWeights.ForAffine(x[range], importance.IsEmpty ? [] : importance[range], weights[range]);
            (bestScales[i], float offset) = AffineFit.Fit(x[range], weights[range], _levels, free: false);
            bestMinima[i] = -offset;
            largestScale = Math.Max(largestScale, bestScales[i]);
            largestMinimum = Math.Max(largestMinimum, bestMinima[i]);
        }
        Improve(x, weights, bestScales[..subs], bestMinima[..subs], HalfScale.Round(largestScale / _scaleLevels), HalfScale.Round(largestMinimum / _scaleLevels));
        for (int i = 0; i < subs; i++) RoundSub(i, x[Sub(i)]);
    }

    private readonly Range Sub(int i) => new(i * _subLength, (i + 1) * _subLength);

    private void Improve(scoped ReadOnlySpan<float> x, scoped ReadOnlySpan<float> weights, scoped ReadOnlySpan<float> bestScales, scoped ReadOnlySpan<float> bestMinima, float d, float dmin)
    {
        Span<byte> scales = stackalloc byte[MostSubBlocks], minima = stackalloc byte[MostSubBlocks];
        double least = double.PositiveInfinity;
        for (int round = 0; round < Rounds; round++)
        {
            double error = 0;
            for (int i = 0; i < bestScales.Length; i++)
                error += Choose(x[Sub(i)], weights[Sub(i)], d, dmin, Nearest(bestScales[i], d), Nearest(bestMinima[i], dmin), out scales[i], out minima[i]);
            if (!(error < least)) return;
            least = error;
            (D, DMin) = (d, dmin);
            scales[..bestScales.Length].CopyTo(Scales);
            minima[..bestScales.Length].CopyTo(Minima);
            if (!Refit(x, weights, ref d, ref dmin)) return;
        }
    }

    private readonly int Nearest(float value, float unit) => unit > 0 ? (int)Math.Clamp(MathF.Round(value / unit), 0, _scaleLevels) : 0;

    /// <summary>The neighbours of s and m that err least.</summary>
    private readonly float Choose(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, float d, float dmin, int s, int m, out byte scale, out byte minimum)
    {
        float least = float.PositiveInfinity;
        (scale, minimum) = ((byte)s, (byte)m);
        for (int a = Math.Max(0, s - 1); a <= Math.Min(_scaleLevels, s + 1); a++)
            for (int b = Math.Max(0, m - 1); b <= Math.Min(_scaleLevels, m + 1); b++)
            {
                float error = AffineFit.Error(x, weights, d * a, dmin * b, _levels);
                if (!(error < least)) continue;
                least = error;
                (scale, minimum) = ((byte)a, (byte)b);
            }
        return least;
    }

    /// <summary>d and dmin by least squares over the whole block with s, m and q as they are; false where that changes nothing.</summary>
    private readonly bool Refit(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, ref float d, ref float dmin)
    {
        double ss = 0, sm = 0, mm = 0, sx = 0, mx = 0;
        for (int i = 0; i < x.Length; i++)
        {
            int sub = i / _subLength;
            float scale = D * Scales[sub], minimum = DMin * Minima[sub];
            double s = Scales[sub] * (double)LevelOf(x[i], scale, minimum), m = Minima[sub], w = weights[i];
            ss += w * s * s;
            sm += w * s * m;
            mm += w * m * m;
            sx += w * s * x[i];
            mx += w * m * x[i];
        }
        // Minimises Σw(d·s − dmin·m − x)².
        double determinant = ss * mm - sm * sm;
        double newD = determinant > 0 ? (mm * sx - sm * mx) / determinant : ss > 0 ? sx / ss : 0;
        double newDMin = determinant > 0 ? (sm * sx - ss * mx) / determinant : 0;
        if (!(newD > 0) || newDMin < 0) return false;
        float oldD = d, oldDMin = dmin;
        (d, dmin) = (HalfScale.Round((float)newD), determinant > 0 ? HalfScale.Round((float)newDMin) : dmin);
        return d != oldD || dmin != oldDMin;
    }

    private readonly float LevelOf(float x, float scale, float minimum) => scale > 0 ? Math.Clamp(MathF.Round((x + minimum) * (1 / scale)), 0, _levels) : 0;

    private readonly void RoundSub(int i, ReadOnlySpan<float> x)
    {
        float scale = D * Scales[i], minimum = DMin * Minima[i];
        Span<byte> quants = Quants[Sub(i)];
        for (int j = 0; j < x.Length; j++) quants[j] = (byte)LevelOf(x[j], scale, minimum);
    }
}
