using System.Text;
using System.Text.Json;

namespace Heed.Training;

/// <summary>The steps of a run in a file, a JSON object a line; lines are whole even where the process was ended.</summary>
public sealed class MetricsLog : IDisposable
{
    private static readonly JsonWriterOptions s_format = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Stream _file;

    internal MetricsLog(Stream file) => _file = file;

    /// <summary>Opens or makes the file, and drops what lies after a step: it will be made again.</summary>
    /// <param name="path">The file.</param>
    /// <param name="step">The number of steps that stay.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static MetricsLog Open(string path, long step)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path))
        {
            string[] lines = File.ReadAllLines(path);
            string[] kept = [.. lines.Where(line => Parse(line) is { } found && found.Number <= step)];
            if (kept.Length != lines.Length) Replace(path, kept);
        }
        FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        return new MetricsLog(file);
    }

    /// <summary>Appends a step.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Write(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, s_format)) Write(json, step);
        buffer.WriteByte((byte)'\n');
        _file.Write(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
        _file.Flush();
    }

    /// <summary>Brings all lines to the disk.</summary>
    /// <exception cref="IOException">They could not be written.</exception>
    public void Flush()
    {
        if (_file is FileStream file) file.Flush(flushToDisk: true);
        else _file.Flush();
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // What could not be written has been reported by Write or Flush.
        }
    }

    /// <summary>The steps in a file, in its order; lines that are none are left out.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IReadOnlyList<TrainingStep> Read(string path)
    {
        List<TrainingStep> steps = [];
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using StreamReader reader = new(file);
        while (reader.ReadLine() is { } line)
            if (Parse(line) is { } step) steps.Add(step);
        return steps;
    }

    private static void Replace(string path, string[] lines)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + '\n'))));
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static void Write(Utf8JsonWriter json, TrainingStep step)
    {
        json.WriteStartObject();
        json.WriteNumber("step", step.Number);
        json.WriteNumber("loss", step.Loss);
        json.WriteNumber("learningRate", step.LearningRate);
        json.WriteNumber("gradientNorm", step.GradientNorm);
        json.WriteNumber("tokensPerSecond", step.TokensPerSecond);
        if (step.Mfu is { } mfu) json.WriteNumber("mfu", mfu);
        json.WriteNumber("tokens", step.Tokens);
        json.WriteNumber("seconds", step.Elapsed.TotalSeconds);
        if (step.ValidationLoss is { } loss) WriteLoss(json, loss);
        if (step.Sample is not null) json.WriteString("sample", step.Sample);
        json.WriteEndObject();
    }

    // JSON has no words for what is no number.
    private static void WriteLoss(Utf8JsonWriter json, double loss)
    {
        if (double.IsFinite(loss)) json.WriteNumber("validationLoss", loss);
        else json.WriteNull("validationLoss");
    }

    private static TrainingStep? Parse(string line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement root = json.RootElement;
            return new TrainingStep
            {
                Number = root.GetProperty("step").GetInt64(),
                Loss = root.GetProperty("loss").GetDouble(),
                LearningRate = root.GetProperty("learningRate").GetDouble(),
                GradientNorm = root.GetProperty("gradientNorm").GetDouble(),
                TokensPerSecond = root.GetProperty("tokensPerSecond").GetDouble(),
                Mfu = Optional(root, "mfu"),
                Tokens = root.GetProperty("tokens").GetInt64(),
                Elapsed = TimeSpan.FromSeconds(root.GetProperty("seconds").GetDouble()),
                ValidationLoss = Optional(root, "validationLoss"),
                Sample = root.TryGetProperty("sample", out JsonElement sample) ? sample.GetString() : null,
            };
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            // A line that was cut off, or not ours.
            return null;
        }
    }

    private static double? Optional(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
