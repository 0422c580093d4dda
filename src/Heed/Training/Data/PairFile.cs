using System.Text.Json;

namespace Heed.Training.Data;

/// <summary>Reads pairs of texts from a JSON-lines file: each line is {"source": …, "target": …}. Blank lines are skipped.</summary>
public static class PairFile
{
    /// <summary>Whether a file's first line is a pair.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static bool IsPairs(string path)
    {
        if (!File.Exists(path)) return false;
        try
        {
            return Read(path).Any();
        }
        catch (FileFormatException)
        {
            return false;
        }
    }

    /// <summary>The pairs, one after another.</summary>
    /// <exception cref="FileFormatException">A line is no pair; the message has its number. Thrown while enumerating.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IEnumerable<TextPair> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using Utf8LineReader lines = new(path, replaceInvalid: false);
        while (true)
        {
            ReadOnlySpan<char> line = lines.Next(int.MaxValue);
            if (line.IsEmpty) yield break;
            if (line.IsWhiteSpace()) continue;
            yield return Parse(path, lines.LineNumber, line.ToString());
        }
    }

    private static TextPair Parse(string path, long number, string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw DialogFile.Wrong(path, number, $"got {root.ValueKind}, expected an object.");
            if (root.TryGetProperty("source", out JsonElement source) && root.TryGetProperty("target", out JsonElement target))
                return new TextPair(Text(path, number, source, "source"), Text(path, number, target, "target"));
            throw DialogFile.Wrong(path, number, "expected 'source' and 'target'.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw DialogFile.Wrong(path, number, $"not valid JSON; a file of pairs is a .jsonl with an object of 'source' and 'target' on each line.", error);
        }
    }

    private static string Text(string path, long number, JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.String ? element.GetString()! : throw DialogFile.Wrong(path, number, $"'{name}' is {element.ValueKind}, expected a string.");
}
