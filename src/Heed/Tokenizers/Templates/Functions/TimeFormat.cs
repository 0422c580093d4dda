using System.Globalization;
using System.Text;
using Heed.Tokenizers.Templates.Execution;

namespace Heed.Tokenizers.Templates.Functions;

/// <summary>Python's strftime in the C locale.</summary>
internal static class TimeFormat
{
    public static string Apply(string format, RenderContext context)
    {
        StringBuilder result = new();
        // A directive of two characters gives at most 24.
        context.ChargeText(0, 12L * format.Length);
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }

            // glibc's flag for a number without padding.
            bool isBare = format[i + 1] == '-' && i + 2 < format.Length;
            i += isBare ? 2 : 1;
            string part = Part(format[i], context);
            result.Append(isBare ? part.TrimStart('0') is { Length: > 0 } bare ? bare : "0" : part);
        }

        return result.ToString();
    }

    private static string Part(char directive, RenderContext context)
    {
        DateTimeOffset now = context.Now;
        string Written(string format) => now.ToString(format, CultureInfo.InvariantCulture);
        return directive switch
        {
            'a' => Written("ddd"),
            'A' => Written("dddd"),
            'b' or 'h' => Written("MMM"),
            'B' => Written("MMMM"),
            'c' => Written("ddd MMM ") + now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2) + Written(" HH:mm:ss yyyy"),
            'd' => Written("dd"),
            'D' or 'x' => Written("MM/dd/yy"),
            'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'f' => Written("ffffff"),
            'F' => Written("yyyy-MM-dd"),
            'H' => Written("HH"),
            'I' => Written("hh"),
            'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'm' => Written("MM"),
            'M' => Written("mm"),
            'n' => "\n",
            'p' => Written("tt"),
            'S' => Written("ss"),
            't' => "\t",
            'T' or 'X' => Written("HH:mm:ss"),
            'u' => (now.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'w' => ((int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'y' => Written("yy"),
            'Y' => Written("yyyy"),
            'z' or 'Z' => string.Empty,
            '%' => "%",
            // Unknown directives stay as they are.
            _ => $"%{directive}",
        };
    }
}
