using System.Diagnostics;
using System.Globalization;
using System.Text;
using Heed.Inference;

namespace Heed.Cli;

/// <summary>What a completion took, for --stats.</summary>
internal static class RunReport
{
    private const double BytesPerMebibyte = 1 << 20;

    /// <param name="model">The model.</param>
    /// <param name="usage">What its last piece said, or null if it never came.</param>
    /// <param name="tokens">The tokens that came.</param>
    /// <param name="ended">Why it ended.</param>
    /// <param name="ranks">How many processes share the model.</param>
    public static string Of(LoadedModel model, Usage? usage, int tokens, string ended, int ranks)
    {
        using Process process = Process.GetCurrentProcess();
        StringBuilder report = new();
        CultureInfo plain = CultureInfo.InvariantCulture;
        report.AppendLine(plain, $"load     {model.LoadTime.TotalMilliseconds:F0} ms");
        if (usage is not null)
        {
            string cached = usage.CachedTokens > 0 ? string.Create(plain, $" ({usage.CachedTokens} known)") : "";
            report.AppendLine(plain, $"prefill  {usage.PromptTokens} tokens{cached} in {usage.Prefill.TotalMilliseconds:F1} ms, {usage.PrefillTokensPerSecond:F1} tok/s");
            report.AppendLine(plain, $"decode   {usage.CompletionTokens} tokens in {usage.Decode.TotalMilliseconds:F1} ms, {usage.DecodeTokensPerSecond:F1} tok/s{Drafts(usage)}");
        }
        else
        {
            report.AppendLine(plain, $"decode   {tokens} tokens");
        }
        report.AppendLine(plain, $"memory   {process.PeakWorkingSet64 / BytesPerMebibyte:F1} MiB at most");
        if (ranks > 1) report.AppendLine(plain, $"ranks    {ranks}, which share the model");
        report.AppendLine(plain, $"threads  {model.Threads}{(ranks > 1 ? " in each" : "")}");
        report.AppendLine(plain, $"ended    {ended}");
        return report.ToString();
    }

    private static string Drafts(Usage usage) => usage.DraftedTokens == 0 ? ""
        : string.Create(CultureInfo.InvariantCulture, $", {usage.AcceptedTokens} of {usage.DraftedTokens} drafted tokens accepted ({(double)usage.AcceptedTokens / usage.DraftedTokens:P0})");
}
