using System.Globalization;

namespace Heed.Cli.Speed;

/// <summary>What heed bench measured, for people.</summary>
internal static class SpeedTable
{
    private const double Mebi = 1 << 20;

    /// <summary>What is said once, and the columns' names.</summary>
    public static string Head(SpeedReport report) => string.Create(CultureInfo.InvariantCulture,
        $"{report.Model}, {report.Type}: {report.WeightBytes / Mebi:F0} MiB read for a token; keys and values {report.CacheType}; {report.NewTokens} new tokens for each row.\n")
        + (report.Ranks > 1 ? $"{report.Ranks} processes share the model; threads, bytes and shares are those of each.\n" : "")
        + (report.LoadMs is { } load ? string.Create(CultureInfo.InvariantCulture, $"Loaded in {load:F0} ms, the first token's logits after {report.FirstTokenMs:F0} ms. ") : "")
        + string.Create(CultureInfo.InvariantCulture, $"Memory: {report.PeakMib:F0} MiB at most after the first line, of files what was touched.\n")
        + "Tokens/s of all rows: median (least–greatest). Shares: of float32's peak, of the read bandwidth, both measured right after each line.\n\n"
        + $"{"threads",7}{"rows",6}{"prompt",8}{"reading it",26}{"of peak",10}{"writing on",26}{"of bandwidth",14}{"cache, MiB",12}\n";

    /// <summary>One line.</summary>
    public static string Row(SpeedReport report) => string.Create(CultureInfo.InvariantCulture,
        $"{report.Threads,7}{report.Batch,6}{report.PromptTokens,8}{report.Prefill,26}{report.PeakShare,10:P0}{report.Decode?.ToString() ?? "–",26}{Share(report.BandwidthShare),14}{report.CacheBytes / Mebi,12:F1}\n");

    private static string Share(double? share) => share is { } value ? value.ToString("P0", CultureInfo.InvariantCulture) : "–";
}
