using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>Transcendental functions on sixteen lanes; each has a scalar twin of the same name with the same bits.</summary>
internal static partial class VectorMath
{
    /// <summary>About how many multiplications an exponential takes.</summary>
    public const int ExpWork = 16;

    // Nearest-integer by adding 1.5 * 2^23: the integer is then in the low bits, ready to be shifted into an exponent.
    private const float RoundMagic = 12582912f;
    private const float Log2E = 1.44269504088896f;
    private const float Ln2High = 0.693145751953125f;
    private const float Ln2Low = 1.42860682030941723e-6f;

    // Beyond these e^x is infinite, or below the least normal number and flushed to 0 (denormals stall the multiplier).
    private const float ExpOverflow = 88.72284f;
    private const float ExpUnderflow = -87.33654f;

    // Near-minimax for (e^r - 1 - r) / r^2 on |r| <= ln(2)/2, error 1.4e-9.
    private const float ExpC0 = 0.5000000014f;
    private const float ExpC1 = 0.1666666668f;
    private const float ExpC2 = 0.0416664642f;
    private const float ExpC3 = 0.008333310845f;
    private const float ExpC4 = 0.001393373072f;
    private const float ExpC5 = 0.0001989108046f;

    // Near-minimax for (tanh(x) / x - 1) / x^2 in x^2 on [0, 0.4], error 1.8e-9.
    private const float TanhSmall = 0.63f;
    private const float TanhC0 = -0.3333333315f;
    private const float TanhC1 = 0.1333330015f;
    private const float TanhC2 = -0.05395846163f;
    private const float TanhC3 = 0.02176250291f;
    private const float TanhC4 = -0.008323187058f;
    private const float TanhC5 = 0.002269501684f;

    // Near-minimax for erf(x) / x - 1 in x^2 on [0, 0.86], error 4.6e-10; and for ln erfc(x) on [0.92, 4], error 1.9e-8.
    private const float ErfSmall = 0.925f;
    private const float ErfOne = 4f;
    private const float ErfC0 = 0.1283791666f;
    private const float ErfC1 = -0.3761263369f;
    private const float ErfC2 = 0.1128369415f;
    private const float ErfC3 = -0.02685929726f;
    private const float ErfC4 = 0.005200729667f;
    private const float ErfC5 = -0.0008138792386f;
    private const float ErfC6 = 8.351897081e-5f;
    private const float ErfcC0 = 0.0003204415313f;
    private const float ErfcC1 = -1.130237616f;
    private const float ErfcC2 = -0.6318145167f;
    private const float ErfcC3 = -0.1100944808f;
    private const float ErfcC4 = 0.0264310176f;
    private const float ErfcC5 = -0.004763575249f;
    private const float ErfcC6 = 0.000597743472f;
    private const float ErfcC7 = -4.617791279e-5f;
    private const float ErfcC8 = 1.643569654e-6f;

    /// <summary>e^x within one unit in the last place; results below 2^-126 are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<L, V>(V x)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V magic = L.Create(RoundMagic);
        V shift = L.Fma(x, L.Create(Log2E), magic);
        V n = L.Subtract(shift, magic);
        V r = L.Fma(n, L.Create(-Ln2High), x);
        r = L.Fma(n, L.Create(-Ln2Low), r);
        V q = L.Fma(L.Create(ExpC5), r, L.Create(ExpC4));
        q = L.Fma(q, r, L.Create(ExpC3));
        q = L.Fma(q, r, L.Create(ExpC2));
        q = L.Fma(q, r, L.Create(ExpC1));
        q = L.Fma(q, r, L.Create(ExpC0));
        V p = L.Add(L.Fma(L.Multiply(r, r), q, r), L.Create(1f));
        V result = L.AddExponent(p, shift);
        result = L.SelectLess(x, L.Create(ExpOverflow), result, L.Add(x, L.Create(float.PositiveInfinity)));
        return L.SelectLess(x, L.Create(ExpUnderflow), L.Create(0f), result);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<L, V>(V x)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V one = L.Create(1f);
        return L.Divide(one, L.Add(one, Exp<L, V>(L.Multiply(x, L.Create(-1f)))));
    }

    /// <summary>ln(1 + e^x). With z = e^-|x| and r = z / (2 + z), which is at most 1/3, ln(1 + z) is 2(r + r^3 / 3 + r^5 / 5 + …).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Softplus<L, V>(V x)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V z = Exp<L, V>(L.Multiply(L.Abs(x), L.Create(-1f)));
        V r = L.Divide(z, L.Add(z, L.Create(2f)));
        V s = L.Multiply(r, r);
        V h = L.Fma(L.Create(2f / 17f), s, L.Create(2f / 15f));
        h = L.Fma(h, s, L.Create(2f / 13f));
        h = L.Fma(h, s, L.Create(2f / 11f));
        h = L.Fma(h, s, L.Create(2f / 9f));
        h = L.Fma(h, s, L.Create(2f / 7f));
        h = L.Fma(h, s, L.Create(2f / 5f));
        h = L.Fma(h, s, L.Create(2f / 3f));
        h = L.Fma(h, s, L.Create(2f));
        V zero = L.Create(0f);
        return L.Fma(h, r, L.SelectLess(x, zero, zero, x));
    }

    /// <summary>Hyperbolic tangent, also relatively accurate near 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh<L, V>(V x)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V s = L.Multiply(x, x);
        V h = L.Fma(L.Create(TanhC5), s, L.Create(TanhC4));
        h = L.Fma(h, s, L.Create(TanhC3));
        h = L.Fma(h, s, L.Create(TanhC2));
        h = L.Fma(h, s, L.Create(TanhC1));
        h = L.Fma(h, s, L.Create(TanhC0));
        V small = L.Fma(L.Multiply(x, s), h, x);

        V a = L.Abs(x);
        V one = L.Create(1f);
        V e = Exp<L, V>(L.Add(a, a));
        V large = L.Subtract(one, L.Divide(L.Create(2f), L.Add(e, one)));
        return L.SelectLess(a, L.Create(TanhSmall), small, L.CopySign(large, x));
    }

    /// <summary>The error function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Erf<L, V>(V x)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V s = L.Multiply(x, x);
        V h = L.Fma(L.Create(ErfC6), s, L.Create(ErfC5));
        h = L.Fma(h, s, L.Create(ErfC4));
        h = L.Fma(h, s, L.Create(ErfC3));
        h = L.Fma(h, s, L.Create(ErfC2));
        h = L.Fma(h, s, L.Create(ErfC1));
        h = L.Fma(h, s, L.Create(ErfC0));
        V small = L.Fma(x, h, x);

        V a = L.Abs(x);
        V end = L.Create(ErfOne);
        V t = L.SelectLess(end, a, end, a);
        V q = L.Fma(L.Create(ErfcC8), t, L.Create(ErfcC7));
        q = L.Fma(q, t, L.Create(ErfcC6));
        q = L.Fma(q, t, L.Create(ErfcC5));
        q = L.Fma(q, t, L.Create(ErfcC4));
        q = L.Fma(q, t, L.Create(ErfcC3));
        q = L.Fma(q, t, L.Create(ErfcC2));
        q = L.Fma(q, t, L.Create(ErfcC1));
        q = L.Fma(q, t, L.Create(ErfcC0));
        V large = L.Subtract(L.Create(1f), Exp<L, V>(q));
        return L.SelectLess(a, L.Create(ErfSmall), small, L.CopySign(large, x));
    }
}
