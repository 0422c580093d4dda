using System.Globalization;
using System.Numerics;
using System.Text;

namespace Heed.Inference.Grammars;

/// <summary>
/// Decimal numbers between two bounds, without exponents and with at most 15 digits before the point: fewer than the bounds
/// allow, and none that they don't.
/// </summary>
internal sealed record NumberRange(decimal? Min, bool MinExclusive, decimal? Max, bool MaxExclusive)
{
    private const decimal Limit = 999_999_999_999_999;
    private const int MaxDecimals = 10, MaxListed = 1000;

    private bool IsOpen => Min is null && Max is null;

    /// <summary>Whole numbers.</summary>
    public GrammarPart Integers() => Scaled(0);

    /// <summary>Numbers with at most as many decimals as the bounds have, but at least two.</summary>
    public GrammarPart Numbers()
    {
        int decimals = Math.Clamp(Math.Max(Scale(Min ?? 0), Scale(Max ?? 0)), 2, MaxDecimals);
        return WithDecimals(decimals);
    }

    /// <summary>Multiples of a number.</summary>
    /// <param name="multiple">Above 0.</param>
    /// <param name="rules">Get rules where the multiples are too many for a list.</param>
    /// <returns>The part, or null where neither a list nor a rule for each remainder is small enough.</returns>
    public GrammarPart? Multiples(decimal multiple, GrammarRules rules)
    {
        int decimals = Scale(multiple);
        if (decimals > MaxDecimals) return null;
        BigInteger step = new(multiple * Power(decimals));
        if (step == BigInteger.One) return WithDecimals(decimals);
        (BigInteger low, BigInteger high) = Bounds(decimals);
        BigInteger first = -BigInteger.Divide(-low, step), last = BigInteger.Divide(high, step);
        if (low > 0) first = (low + step - 1) / step;
        if (high < 0) last = -((-high + step - 1) / step);
        if (first > last) return GrammarPart.Nothing;
        if (last - first < MaxListed)
        {
            List<GrammarPart> values = [];
            for (BigInteger n = first; n <= last; n++) values.Add(GrammarPart.Text(Written(n * step, decimals)));
            return GrammarPart.AnyOf([.. values]);
        }
        bool fromZero = Min == 0 && !MinExclusive && Max is null;
        return decimals == 0 && step <= 64 && (IsOpen || fromZero) ? Remainders((int)step, negative: IsOpen, rules) : null;
    }

    private static decimal Power(int decimals)
    {
        decimal power = 1;
        for (int i = 0; i < decimals; i++) power *= 10;
        return power;
    }

    /// <summary>How many decimals a number has, without zeros at its end.</summary>
    private static int Scale(decimal value)
    {
        int scale = 0;
        while (scale < 28 && decimal.Truncate(value) != value)
        {
            value = (value - decimal.Truncate(value)) * 10;
            scale++;
        }
        return scale;
    }

    private static string Written(BigInteger value, int decimals)
    {
        string digits = BigInteger.Abs(value).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        string sign = value.Sign < 0 ? "-" : "";
        return decimals == 0 ? sign + digits : $"{sign}{digits[..^decimals]}.{digits[^decimals..]}";
    }

    private GrammarPart WithDecimals(int most)
    {
        List<GrammarPart> parts = [];
        for (int decimals = 0; decimals <= most; decimals++) parts.Add(Scaled(decimals));
        return GrammarPart.AnyOf([.. parts]);
    }

    /// <summary>The bounds as whole numbers of units of 10^−decimals, both included.</summary>
    private (BigInteger Low, BigInteger High) Bounds(int decimals)
    {
        decimal power = Power(decimals);
        decimal low = Math.Clamp(Min ?? -Limit, -Limit, Limit + 1) * power, high = Math.Clamp(Max ?? Limit, -Limit - 1, Limit) * power;
        BigInteger first = new(decimal.Ceiling(low)), last = new(decimal.Floor(high));
        if (MinExclusive && Min >= -Limit && decimal.Ceiling(low) == low) first++;
        if (MaxExclusive && Max <= Limit && decimal.Floor(high) == high) last--;
        return (first, last);
    }

    private GrammarPart Scaled(int decimals)
    {
        (BigInteger low, BigInteger high) = Bounds(decimals);
        List<GrammarPart> parts = [];
        if (high >= 0) AddUnsigned(parts, BigInteger.Max(low, 0), high, decimals, sign: "");
        if (low < 0) AddUnsigned(parts, BigInteger.Max(-high, 1), -low, decimals, sign: "-");
        return GrammarPart.AnyOf([.. parts]);
    }

    private static void AddUnsigned(List<GrammarPart> parts, BigInteger low, BigInteger high, int decimals, string sign)
    {
        for (int length = decimals + 1; BigInteger.Pow(10, length - 1) <= BigInteger.Max(high, 1) || length == decimals + 1; length++)
        {
            // A number of the least length may begin with zero: the one before the point.
            BigInteger from = length == decimals + 1 ? low : BigInteger.Max(low, BigInteger.Pow(10, length - 1));
            BigInteger to = BigInteger.Min(high, BigInteger.Pow(10, length) - 1);
            if (from > to) continue;
            byte[] Digits(BigInteger value) => Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture).PadLeft(length, '0'));
            GrammarPart digits = new ByteStrings((byte)'0', (byte)'9', decimals == 0 ? -1 : length - decimals).Between(Digits(from), Digits(to));
            parts.Add(GrammarPart.InOrder(GrammarPart.Text(sign), digits));
        }
    }

    /// <summary>Multiples of a small number, of at most nine digits: a rule for each remainder and each number of digits left.</summary>
    private static GrammarPart Remainders(int step, bool negative, GrammarRules rules)
    {
        const int MoreDigits = 8;
        int[] next = [];
        for (int left = 0; left <= MoreDigits; left++)
        {
            int[] after = next;
            next = new int[step];
            for (int remainder = 0; remainder < step; remainder++)
            {
                List<GrammarPart> ways = remainder == 0 ? [GrammarPart.Empty] : [];
                for (int digit = 0; left > 0 && digit < 10; digit++) ways.Add(Then(digit, after[(10 * remainder + digit) % step]));
                next[remainder] = rules.Add($"multiple of {step}", GrammarPart.AnyOf([.. ways]));
            }
        }
        GrammarPart[] first = [.. Enumerable.Range(1, 9).Select(digit => Then(digit, next[digit % step]))];
        GrammarPart positive = GrammarPart.AnyOf(first);
        return GrammarPart.AnyOf(GrammarPart.Text("0"), negative ? GrammarPart.InOrder(GrammarPart.Optional(GrammarPart.Text("-")), positive) : positive);
    }

    private static GrammarPart Then(int digit, int rule) => GrammarPart.InOrder(GrammarPart.Text(digit.ToString(CultureInfo.InvariantCulture)), new GrammarPart.Call(rule));
}
