using System.Globalization;
using Heed.Training.Data;

namespace Heed.Cli.Learning;

/// <summary>What there is to say about dialogs before they are learned from.</summary>
internal static class DialogText
{
    /// <summary>"dialogs: 5, with 120 tokens, 60 of them to learn to say …" on one line.</summary>
    public static string Describe(DialogDataset dialogs, DialogDataset? heldOut)
    {
        string left = dialogs.SkippedCount > 0 ? $", {dialogs.SkippedCount} left out as too long or without an answer" : "";
        string cut = dialogs.CutCount > 0 ? $", {dialogs.CutCount} cut to {dialogs.MaxTokens} tokens" : "";
        string held = heldOut is null ? "none held out" : $"{heldOut.Count} held out";
        return string.Create(CultureInfo.InvariantCulture, $"dialogs: {dialogs.Count:N0} with {dialogs.TokenCount:N0} tokens, {dialogs.TargetCount:N0} of them to be learned; {held}{cut}{left}.");
    }
}
