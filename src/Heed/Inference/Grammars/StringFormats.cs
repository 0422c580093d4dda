namespace Heed.Inference.Grammars;

/// <summary>What JSON Schema's formats of strings look like, as regular expressions: texts that are surely valid, not all that are.</summary>
internal static class StringFormats
{
    private const string Date = "[12][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)";
    private const string Time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])";
    private const string Label = "[A-Za-z]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?";
    private const string HostName = Label + "(\\." + Label + "){0,4}";
    private const string Byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private const string Word = "[A-Za-z0-9_+-]{1,24}";
    private const string TimePart = "T([0-9]{1,4}H([0-9]{1,4}M([0-9]{1,4}S)?)?|[0-9]{1,4}M([0-9]{1,4}S)?|[0-9]{1,4}S)";
    private const string DayPart = "([0-9]{1,4}Y([0-9]{1,4}M([0-9]{1,4}D)?)?|[0-9]{1,4}M([0-9]{1,4}D)?|[0-9]{1,4}D)";

    public static string Known => "date-time, date, time, duration, email, hostname, ipv4, ipv6, uuid, uri";

    /// <summary>The expression for a format, or null where it is not known.</summary>
    public static string? Find(string name) => name switch
    {
        "date" => Date,
        "time" => Time,
        "date-time" => $"({Date})T{Time}",
        "duration" => $"P([0-9]{{1,4}}W|{TimePart}|{DayPart}({TimePart})?)",
        "hostname" => HostName,
        "email" => $"{Word}(\\.{Word}){{0,3}}@{Label}(\\.{Label}){{1,3}}",
        "ipv4" => $"{Byte}(\\.{Byte}){{3}}",
        "ipv6" => "[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7}",
        "uuid" => "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "uri" => $"https?://{HostName}(/[A-Za-z0-9._~-]{{0,64}}){{0,8}}",
        _ => null,
    };
}
