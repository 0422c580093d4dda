using System.Globalization;
using System.Text;

namespace Heed.Inference.Grammars;

/// <summary>A set of Unicode scalar values, as ranges in order. Surrogates are in no set.</summary>
internal sealed class CharSet
{
    private const int Last = 0x10FFFF, FirstSurrogate = 0xD800, LastSurrogate = 0xDFFF;
    private readonly List<(int Low, int High)> _ranges;

    private CharSet(List<(int Low, int High)> ranges) => _ranges = ranges;

    public static CharSet All { get; } = Range(0, Last);

    public static CharSet None { get; } = new([]);

    public static CharSet Digits { get; } = Range('0', '9');

    public static CharSet WordCharacters { get; } = Range('a', 'z') | Range('A', 'Z') | Digits | Of('_');

    public static CharSet Spaces { get; } = Range('\t', '\r') | Of(' ');

    public IReadOnlyList<(int Low, int High)> Ranges => _ranges;

    public bool IsEmpty => _ranges.Count == 0;

    public static CharSet operator |(CharSet a, CharSet b) => Normalize([.. a._ranges, .. b._ranges]);

    public static CharSet operator ~(CharSet a)
    {
        List<(int, int)> gaps = [];
        int from = 0;
        foreach ((int low, int high) in a._ranges)
        {
            if (low > from) gaps.Add((from, low - 1));
            from = high + 1;
        }
        if (from <= Last) gaps.Add((from, Last));
        return Normalize(gaps);
    }

    public static CharSet operator &(CharSet a, CharSet b) => ~(~a | ~b);

    public static CharSet Of(int value) => Range(value, value);

    public static CharSet Range(int low, int high) => Normalize([(low, high)]);

    /// <summary>The characters of a general category ("Lu") or of a group of them ("L"); null where there is none of the name.</summary>
    public static CharSet? OfCategory(string name)
    {
        List<(int, int)> ranges = [];
        bool known = false;
        string[] names = CategoryNames();
        for (int category = 0; category < names.Length; category++) known |= names[category].StartsWith(name, StringComparison.Ordinal);
        if (!known || name.Length is < 1 or > 2) return null;
        for (int value = 0; value <= Last; value++)
            if (names[(int)CharUnicodeInfo.GetUnicodeCategory(value)].StartsWith(name, StringComparison.Ordinal)) Append(ranges, value, value);
        return Normalize(ranges);
    }

    public bool Contains(int value) => _ranges.Exists(range => range.Low <= value && value <= range.High);

    /// <summary>The characters of the set in UTF-8.</summary>
    public GrammarPart ToUtf8()
    {
        List<GrammarPart> parts = [];
        Span<int> bounds = [0, 0x80, 0x800, 0x10000, Last + 1];
        Span<byte> low = stackalloc byte[4], high = stackalloc byte[4];
        foreach ((int first, int last) in _ranges)
            for (int i = 0; i + 1 < bounds.Length; i++)
            {
                int from = Math.Max(first, bounds[i]), to = Math.Min(last, bounds[i + 1] - 1);
                if (from > to) continue;
                int length = new Rune(from).EncodeToUtf8(low);
                new Rune(to).EncodeToUtf8(high);
                parts.Add(new ByteStrings(0x80, 0xBF).Between(low[..length], high[..length]));
            }
        return GrammarPart.AnyOf([.. parts]);
    }

    // In the order of UnicodeCategory.
    private static string[] CategoryNames() =>
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc",
        "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    private static CharSet Normalize(List<(int Low, int High)> ranges)
    {
        List<(int, int)> whole = [];
        foreach ((int low, int high) in ranges.OrderBy(range => range.Low))
        {
            if (low < FirstSurrogate) Append(whole, low, Math.Min(high, FirstSurrogate - 1));
            if (high > LastSurrogate) Append(whole, Math.Max(low, LastSurrogate + 1), high);
        }
        return new CharSet(whole);
    }

    private static void Append(List<(int Low, int High)> ranges, int low, int high)
    {
        if (low > high) return;
        if (ranges.Count > 0 && ranges[^1].High >= low - 1) ranges[^1] = (ranges[^1].Low, Math.Max(ranges[^1].High, high));
        else ranges.Add((low, high));
    }
}
