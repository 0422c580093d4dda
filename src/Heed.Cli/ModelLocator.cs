using System.Text.Json;

namespace Heed.Cli;

/// <summary>A model's path, and what its user should know about it.</summary>
/// <param name="Path">The file or folder.</param>
/// <param name="Note">A remark, or null.</param>
internal sealed record LocatedModel(string Path, string? Note);

/// <summary>Finds the model to use: the one that is named, that of HEED_MODEL, or the one that ships with the tool.</summary>
internal static class ModelLocator
{
    public const string Variable = "HEED_MODEL";
    private const string Folder = "models";
    private const string Marker = "default.json";

    /// <param name="named">What the command line says, or null.</param>
    /// <exception cref="CommandException">There is none.</exception>
    public static LocatedModel Find(string? named)
    {
        if (named is not null) return new LocatedModel(named, null);
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path)
            return Path.Exists(path) ? new LocatedModel(path, null) : throw new CommandException($"{path}: neither a file nor a folder is there ({Variable} names it).");
        string[] starts = [AppContext.BaseDirectory, Environment.CurrentDirectory];
        string marker = starts.Select(FindMarker).FirstOrDefault(found => found is not null)
            ?? throw new CommandException($"no model: name one with --model or {Variable}; there is no {Folder}/{Marker} in or above {string.Join(" or ", starts)}.");
        return ReadMarker(marker);
    }

    private static string? FindMarker(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            string marker = Path.Combine(folder.FullName, Folder, Marker);
            if (File.Exists(marker)) return marker;
        }
        return null;
    }

    private static LocatedModel ReadMarker(string marker)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(marker));
            string name = document.RootElement.GetProperty("model").GetString() ?? "";
            string? note = document.RootElement.TryGetProperty("note", out JsonElement value) ? value.GetString() : null;
            return new LocatedModel(Path.Combine(Path.GetDirectoryName(marker)!, name), note);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CommandException($"{marker}: expected {{\"model\": \"a folder or file beside this one\"}}: {e.Message}");
        }
    }
}
