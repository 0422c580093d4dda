using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>
/// -log softmax(z)[target] of one row and its gradient, where z is the logits or cap * tanh(logits / cap). Exponentials are
/// summed in float lanes over blocks of 1024, and the blocks in double.
/// </summary>
internal static unsafe partial class CrossEntropy
{
    private const int Block = 1024;

    /// <summary>
    /// The loss. The gradient, which may be the logits or empty for none, gets (softmax - onehot) * scale times the cap's slope.
    /// A NaN or +inf among the logits, or nothing but -inf, gives NaN; a target at -inf gives +inf.
    /// </summary>
    public static double Row(ReadOnlySpan<float> logits, int target, float cap, double scale, Span<float> gradient)
    {
        int cols = logits.Length;
        if ((uint)target >= (uint)cols) throw new ArgumentOutOfRangeException(nameof(target), target, $"CrossEntropy: target {target}; need 0 to {cols - 1}.");
        fixed (float* z = logits, slopes = gradient.IsEmpty ? gradient : gradient[..cols])
        {
            if (Vector512.IsHardwareAccelerated) return Core<Sixteen512, Vector512<float>>(z, cols, target, cap, scale, slopes);
            if (Vector256.IsHardwareAccelerated) return Core<Sixteen256, Pair256>(z, cols, target, cap, scale, slopes);
            return Core<Sixteen128, Quad128>(z, cols, target, cap, scale, slopes);
        }
    }

    /// <summary>Reads cols floats, and writes as many where <paramref name="gradient"/> is not null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static double Core<L, V>(float* z, int cols, int target, float cap, double scale, float* gradient)
        where L : ISixteen<V>
        where V : unmanaged
    {
        bool capped = cap > 0f;
        V best = L.Create(float.NegativeInfinity);
        for (int i = 0; i < cols; i += 16) best = L.Max(best, Logits<L, V>(z + i, cols - i, cap));
        float max = L.MaxLane(best);
        float chosen = capped ? VectorMath.Tanh(z[target] / cap) * cap : z[target];

        // Without a cap the exponentials are kept where the gradient goes, over the logits where these are the same.
        float* kept = capped ? null : gradient;
        V maxes = L.Create(max);
        double sum = 0;
        for (int start = 0; start < cols; start += Block)
        {
            V sums = L.Create(0f);
            int end = Math.Min(cols, start + Block);
            for (int i = start; i < end; i += 16)
            {
                V e = VectorMath.Exp<L, V>(L.Subtract(Logits<L, V>(z + i, cols - i, cap), maxes));
                sums = L.Add(sums, e);
                if (kept != null) Write<L, V>(kept + i, cols - i, e);
            }

            sum += L.Sum(sums);
        }

        if (gradient != null)
        {
            V factor = L.Create((float)(scale / sum));
            if (capped) CappedGradient<L, V>(z, cols, cap, maxes, factor, gradient);
            else for (int i = 0; i < cols; i += 16) Write<L, V>(gradient + i, cols - i, L.Multiply(Read<L, V>(kept + i, cols - i), factor));
            gradient[target] = AtTarget(chosen, max, sum, cap, scale);
        }

        return Math.Log(sum) + ((double)max - chosen);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CappedGradient<L, V>(float* z, int cols, float cap, V maxes, V factor, float* gradient)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V one = L.Create(1f);
        for (int i = 0; i < cols; i += 16)
        {
            int rest = cols - i;
            V tanh = VectorMath.Tanh<L, V>(L.Divide(Read<L, V>(z + i, rest), L.Create(cap)));
            V e = VectorMath.Exp<L, V>(L.Subtract(L.Multiply(tanh, L.Create(cap)), maxes));
            V slope = L.Subtract(one, L.Multiply(tanh, tanh));
            Write<L, V>(gradient + i, rest, L.Multiply(L.Multiply(e, factor), slope));
        }
    }

    /// <summary>The gradient of the target, in double: there p - 1 may cancel.</summary>
    private static float AtTarget(float chosen, float max, double sum, float cap, double scale)
    {
        double tanh = cap > 0f ? (double)chosen / cap : 0;
        return (float)(((Math.Exp((double)chosen - max) / sum) - 1) * scale * (1 - (tanh * tanh)));
    }

    /// <summary>Up to sixteen capped logits; lanes past the end are -inf.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Logits<L, V>(float* z, int rest, float cap)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V x = Read<L, V>(z, rest, float.NegativeInfinity);
        if (!(cap > 0f)) return x;
        V c = L.Create(cap);
        x = L.Multiply(VectorMath.Tanh<L, V>(L.Divide(x, c)), c);
        return rest >= 16 ? x : L.KeepRange(x, 0, rest, float.NegativeInfinity);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Read<L, V>(float* x, int rest, float fill = 0f)
        where L : ISixteen<V>
        where V : unmanaged
        => rest >= 16 ? L.Load(x) : L.LoadPart(x, rest, fill);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write<L, V>(float* destination, int rest, V value)
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (rest >= 16) L.Store(destination, value);
        else L.StorePart(destination, rest, value);
    }
}
