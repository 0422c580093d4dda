using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Quantization;

/// <summary>
/// Chooses what a super-block of 256 numbers with sub-blocks d·s·g stores (Q3_K, Q6_K, IQ4_XS): each sub-block's own best
/// scale, then d, then the whole numbers s near them that err least with it.
/// </summary>
[SkipLocalsInit]
internal ref struct SignedSuperBlock<TGrid> where TGrid : struct, IQuantGrid
{
    private const int Rounds = 2;
    private const int MostSubBlocks = 16;

    private readonly int _subLength, _half;
    private readonly TGrid _grid;

    /// <param name="grid">The numbers g.</param>
    /// <param name="subLength">Numbers in a sub-block: 16 or 32.</param>
    /// <param name="half">s is from −half to half − 1.</param>
    /// <param name="scales">Gets s of each sub-block.</param>
    /// <param name="quants">Gets g of each number.</param>
    public SignedSuperBlock(TGrid grid, int subLength, int half, Span<sbyte> scales, Span<float> quants)
    {
        (_grid, _subLength, _half) = (grid, subLength, half);
        Scales = scales;
        Quants = quants;
    }

    public Span<sbyte> Scales { get; }

    public Span<float> Quants { get; }

    /// <summary>The super-block's scale of scales, a binary16 number.</summary>
    public float D { get; private set; }

    /// <summary>Chooses all of it.</summary>
    /// <param name="x">256 finite numbers.</param>
    /// <param name="importance">As many, or empty.</param>
    public void Encode(scoped ReadOnlySpan<float> x, scoped ReadOnlySpan<float> importance)
    {
        Span<float> weights = stackalloc float[BlockSizes.Super], best = stackalloc float[MostSubBlocks];
        int subs = BlockSizes.Super / _subLength;
        float largest = 0;
        for (int i = 0; i < subs; i++)
        {
            Range range = Sub(i);
            ElementWeights.ForSigned(x[range], importance.IsEmpty ? [] : importance[range], weights[range]);
            best[i] = SignedFit.Fit(x[range], weights[range], _grid);
            if (MathF.Abs(best[i]) > MathF.Abs(largest)) largest = best[i];
        }
        Scales[..subs].Clear();
        Improve(x, weights, best[..subs], HalfScale.Round(-largest / _half));
        for (int i = 0; i < subs; i++) RoundSub(i, x[Sub(i)]);
    }

    private readonly Range Sub(int i) => new(i * _subLength, (i + 1) * _subLength);

    private void Improve(scoped ReadOnlySpan<float> x, scoped ReadOnlySpan<float> weights, scoped ReadOnlySpan<float> best, float d)
    {
        Span<sbyte> scales = stackalloc sbyte[MostSubBlocks];
        double least = double.PositiveInfinity;
        for (int round = 0; round < Rounds && d != 0; round++)
        {
            double error = 0;
            for (int i = 0; i < best.Length; i++) error += Choose(x[Sub(i)], weights[Sub(i)], d, best[i], out scales[i]);
            if (!(error < least)) return;
            least = error;
            D = d;
            scales[..best.Length].CopyTo(Scales);
            float refitted = Refit(x, weights);
            if (refitted == d) return;
            d = refitted;
        }
    }

    private readonly float Choose(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, float d, float best, out sbyte scale)
    {
        int s = (int)Math.Clamp(MathF.Round(best / d), -_half, _half - 1);
        float least = float.PositiveInfinity;
        scale = (sbyte)s;
        for (int a = Math.Max(-_half, s - 1); a <= Math.Min(_half - 1, s + 1); a++)
        {
            float error = SignedFit.Error(x, weights, _grid, d * a);
            if (!(error < least)) continue;
            least = error;
            scale = (sbyte)a;
        }
        return least;
    }

    /// <summary>d by least squares over the whole block, with s and g as they are.</summary>
    private readonly float Refit(ReadOnlySpan<float> x, ReadOnlySpan<float> weights)
    {
        double gx = 0, gg = 0;
        for (int i = 0; i < BlockSizes.Super / _subLength; i++)
        {
            int s = Scales[i];
            if (s == 0) continue;
            (float subGx, float subGg) = SignedFit.Products(x[Sub(i)], weights[Sub(i)], _grid, 1 / (D * s));
            gx += s * (double)subGx;
            gg += s * (double)s * subGg;
        }
        return gg > 0 ? HalfScale.Round((float)(gx / gg)) : D;
    }

    private readonly void RoundSub(int i, ReadOnlySpan<float> x)
    {
        float scale = D * Scales[i];
        Vector256<float> inverse = Vector256.Create(scale == 0 ? 0 : 1 / scale);
        Span<float> quants = Quants[Sub(i)];
        for (int j = 0; j < x.Length; j += FitSums.Lanes) _grid.Nearest(FitSums.Load(x, j) * inverse).CopyTo(quants[j..]);
    }
}
