using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Heed.Cli.Measuring;

/// <summary>
/// Finished runs in a file, a JSON object a line, after a first line with the settings that all of them have: what was stopped or
/// killed goes on after the last whole line.
/// </summary>
internal sealed class RunLog<T> : IDisposable
    where T : class
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectRequiredConstructorParameters = true,
    };

    private readonly FileStream _file;
    private readonly List<T> _runs;

    private RunLog(FileStream file, List<T> runs) => (_file, _runs) = (file, runs);

    /// <summary>All runs, the oldest first.</summary>
    public IReadOnlyList<T> Runs => _runs;

    /// <param name="path">The file; it is made where it is absent.</param>
    /// <param name="settings">What all runs have in common.</param>
    /// <param name="anew">Whether the runs of before are dropped.</param>
    /// <exception cref="CommandException">The file holds runs under other settings, or is none of this kind.</exception>
    public static RunLog<T> Open(string path, IReadOnlyDictionary<string, string> settings, bool anew)
    {
        OutputFile.Check(path, "--out");
        List<T> runs = [];
        string[] lines = !anew && File.Exists(path) ? File.ReadAllLines(path) : [];
        if (lines.Length > 0)
        {
            Dictionary<string, string> found = Parse<Dictionary<string, string>>(lines[0])
                ?? throw new CommandException($"{path}: its first line has no settings; it is no file of heed's. Name another folder, or --force it.");
            string[] changed = [.. settings.Keys.Union(found.Keys, StringComparer.Ordinal).Where(key => settings.GetValueOrDefault(key) != found.GetValueOrDefault(key))
                .Select(key => $"{key} was {found.GetValueOrDefault(key) ?? "absent"}, is {settings.GetValueOrDefault(key) ?? "absent"}")];
            if (changed.Length > 0)
                throw new CommandException($"{path}: the runs in it were made under other settings: {string.Join("; ", changed)}. Use the same, another folder, or --force to drop them.");
            foreach (string line in lines.Skip(1))
                if (Parse<T>(line) is { } run) runs.Add(run);
        }
        // Written anew without what was cut off, and through another file, so that a full disk loses nothing.
        string temporary = $"{path}.tmp";
        File.WriteAllLines(temporary, [JsonSerializer.Serialize(settings, s_json), .. runs.Select(run => JsonSerializer.Serialize(run, s_json))]);
        File.Move(temporary, path, overwrite: true);
        return new RunLog<T>(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read), runs);
    }

    /// <summary>Adds a run, which is on the disk afterwards.</summary>
    public void Add(T run)
    {
        _file.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(run, s_json) + "\n"));
        _file.Flush(flushToDisk: true);
        _runs.Add(run);
    }

    public void Dispose() => _file.Dispose();

    private static TLine? Parse<TLine>(string line)
        where TLine : class
    {
        try
        {
            return JsonSerializer.Deserialize<TLine>(line, s_json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
