using System.Globalization;

namespace Heed.Cli.Measuring;

/// <summary>Large numbers as people write them: 250K, 1.5M, 2B, 3e12.</summary>
internal static class Amount
{
    private const double Most = 1e30;
    private static readonly (char Letter, double Size)[] s_letters = [('B', 1e9), ('M', 1e6), ('K', 1e3)];

    /// <summary>The number of a text; null where it is none above 0.</summary>
    public static double? Parse(string text)
    {
        double size = text.Length > 0 ? s_letters.FirstOrDefault(letter => letter.Letter == char.ToUpperInvariant(text[^1])).Size : 0;
        ReadOnlySpan<char> digits = size > 0 ? text.AsSpan(0, text.Length - 1) : text;
        bool isNumber = double.TryParse(digits, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double value);
        value *= size > 0 ? size : 1;
        return isNumber && value is > 0 and <= Most ? value : null;
    }

    /// <summary>Three digits and a letter; whole numbers of up to five digits as they are.</summary>
    public static string Text(double value)
    {
        if (value is > 0 and (>= 1e12 or < 1e-4) || !double.IsFinite(value)) return value.ToString("0.##e0", CultureInfo.InvariantCulture);
        if (value < 1e5) return value.ToString(value >= 1000 || value == Math.Floor(value) ? "F0" : "G3", CultureInfo.InvariantCulture);
        (char letter, double size) = s_letters.First(one => value >= 0.9995 * one.Size);
        return (value / size).ToString("G3", CultureInfo.InvariantCulture) + letter;
    }
}
