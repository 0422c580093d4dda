using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Heed.Inference;

namespace Heed.Cli.Learning;

/// <summary>What fills the gaps of a text, for people and for programs.</summary>
internal static class FillText
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Short(MaskCandidate candidate) => string.Create(CultureInfo.InvariantCulture, $"{Quoted(candidate)} {100 * candidate.Probability:F0} %");

    /// <summary>A line for each candidate, below a line for each mask where there are several.</summary>
    public static string Lines(IReadOnlyList<FilledMask> filled)
    {
        StringBuilder text = new();
        for (int i = 0; i < filled.Count; i++)
        {
            if (filled.Count > 1) text.Append(CultureInfo.InvariantCulture, $"mask {i + 1}\n");
            foreach (MaskCandidate candidate in filled[i].Candidates) text.Append(CultureInfo.InvariantCulture, $"{candidate.Probability:F4}  {Quoted(candidate)}\n");
        }
        return text.ToString();
    }

    public static string Json(IReadOnlyList<FilledMask> filled) => JsonSerializer.Serialize(new
    {
        masks = filled.Select(mask => new
        {
            place = mask.Place,
            candidates = mask.Candidates.Select(candidate => new { token = candidate.Token, text = candidate.Text, probability = candidate.Probability }),
        }),
    }, s_json) + "\n";

    // Quotes show the space that a token may bring along, and line ends.
    private static string Quoted(MaskCandidate candidate) => JsonSerializer.Serialize(candidate.Text, s_json);
}
