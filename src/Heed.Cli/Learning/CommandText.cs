using System.CommandLine;
using System.Globalization;

namespace Heed.Cli.Learning;

/// <summary>A command line as it can be given to a shell again.</summary>
internal static class CommandText
{
    /// <summary>The line that goes on with the run of this one.</summary>
    public static string Resume(ParseResult line)
    {
        string[] given = [.. line.Tokens.Select(token => token.Value).Where(text => text is not ("--resume" or "--force"))];
        return string.Join(' ', ["heed", .. given.Select(Quote), "--resume"]);
    }

    /// <summary>The text as a shell takes it for one word.</summary>
    public static string Quote(string text) => text.Length > 0 && text.All(IsPlain) ? text : $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>"4 min 10 s": as exact as one wants to know.</summary>
    public static string Duration(TimeSpan time)
    {
        CultureInfo plain = CultureInfo.InvariantCulture;
        if (time.TotalSeconds < 59.5) return string.Create(plain, $"{Math.Max(0, time.TotalSeconds):F0} s");
        time = TimeSpan.FromSeconds(Math.Round(time.TotalSeconds));
        if (time.TotalMinutes < 10) return string.Create(plain, $"{(int)time.TotalMinutes} min {time.Seconds} s");
        if (time.TotalHours < 1) return string.Create(plain, $"{time.TotalMinutes:F0} min");
        return string.Create(plain, $"{(int)time.TotalHours} h {time.Minutes} min");
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || "_-./:=,+@%".Contains(c, StringComparison.Ordinal);
}
