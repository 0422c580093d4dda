using System.Globalization;
using System.Text.Json;
using Heed.Models.Checkpoints;

namespace Heed.Cli.Learning;

/// <summary>What a model's generation_config.json recommends for the choice of tokens, by its names.</summary>
internal static class SamplingSettings
{
    private static readonly IReadOnlyList<(string Name, string Expected, Func<double, bool> Holds)> s_known =
    [
        ("temperature", "a number, 0 or more", value => value >= 0),
        ("top_p", "a number above 0, at most 1", value => value is > 0 and <= 1),
        ("top_k", "a whole number, 0 or more", value => value is >= 0 and <= int.MaxValue && double.IsInteger(value)),
        ("min_p", "a number from 0 to 1", value => value is >= 0 and <= 1),
        ("typical_p", "a number above 0, at most 1", value => value is > 0 and <= 1),
        ("repetition_penalty", "a number above 0", value => value > 0),
    ];

    /// <summary>What a checkpoint recommends, and the command line instead of it.</summary>
    /// <param name="checkpoint">The model that is learned on, or null for a new one.</param>
    /// <param name="settings">NAME=VALUE each.</param>
    /// <exception cref="CommandException">A setting is not of that form, unknown, or out of range.</exception>
    public static IReadOnlyDictionary<string, double> Of(Checkpoint? checkpoint, params string[] settings)
    {
        Dictionary<string, double> all = new(StringComparer.Ordinal);
        if (checkpoint?.GenerationConfigPath is { } path) Read(path, all);
        foreach (string setting in settings)
        {
            string[] parts = setting.Split('=', 2, StringSplitOptions.TrimEntries);
            if (s_known.FirstOrDefault(known => known.Name == parts[0]) is not { Name: { } name } found || parts.Length < 2)
                throw Wrong($"got '{setting}'; expected NAME=VALUE with one of {string.Join(", ", s_known.Select(known => known.Name))}");
            if (!double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value) || !found.Holds(value))
                throw Wrong($"{name} is '{parts[1]}'; expected {found.Expected}");
            all[name] = value;
        }
        return all;
    }

    private static void Read(string path, Dictionary<string, double> all)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 16 });
            if (document.RootElement.ValueKind != JsonValueKind.Object) return;
            foreach ((string name, _, Func<double, bool> holds) in s_known)
                if (document.RootElement.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && holds(value.GetDouble())) all[name] = value.GetDouble();
        }
        catch (JsonException e)
        {
            throw new FileFormatException(path, $"not valid JSON: {e.Message}", inner: e);
        }
    }

    private static CommandException Wrong(string problem) => new($"--generation: {problem}.", ExitCodes.Usage);
}
