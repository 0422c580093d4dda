using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Heed.Models.Checkpoints;

/// <summary>
/// The keys of a JSON object in a configuration file, read with their types: a value of another type is an error that
/// names the key, the value and what was expected. A null counts as absent.
/// </summary>
internal sealed class JsonSettings
{
    private const long MaxBytes = 16 << 20;
    private const int MaxDepth = 32;
    private const int MaxQuoted = 60;

    private readonly string _path;
    private readonly string _scope;
    private readonly JsonElement _object;

    private JsonSettings(string path, string scope, JsonElement element)
    {
        _path = path;
        _scope = scope;
        _object = element;
    }

    /// <summary>Reads the file at <paramref name="path"/>.</summary>
    /// <exception cref="FileFormatException">It is no JSON object, too large or too deep.</exception>
    /// <exception cref="IOException">It is absent or cannot be read.</exception>
    public static JsonSettings Read(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        return Read(stream, path);
    }

    /// <summary>Reads a stream; <paramref name="path"/> is its name in errors.</summary>
    /// <exception cref="FileFormatException">It is no JSON object, too large or too deep.</exception>
    public static JsonSettings Read(Stream stream, string path)
    {
        if (stream.Length > MaxBytes) throw new FileFormatException(path, $"the configuration has {stream.Length} bytes; at most {MaxBytes} are read.");
        JsonDocumentOptions options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };
        try
        {
            using JsonDocument document = JsonDocument.Parse(stream, options);
            JsonElement root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object
                ? new JsonSettings(path, "", root.Clone())
                : throw new FileFormatException(path, $"the configuration is {Quote(root)}; expected a JSON object.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FileFormatException(path, $"not the JSON that a configuration is: {error.Message}", inner: error);
        }
    }

    /// <summary>Whether the key is there and not null.</summary>
    public bool Has(string key) => TryGet(key, out _);

    /// <summary>Whether the key is there, be it null.</summary>
    public bool Names(string key) => _object.TryGetProperty(key, out _);

    /// <summary>All keys and their values, be they null.</summary>
    public IEnumerable<(string Key, JsonElement Value)> Entries() => _object.EnumerateObject().Select(member => (NameOf(member), member.Value));

    /// <summary>Whether the object has no keys.</summary>
    public bool IsEmpty => !_object.EnumerateObject().Any();

    /// <summary>Whether the key holds a list of nothing.</summary>
    public bool IsEmptyList(string key) => TryGet(key, out JsonElement value) && value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0;

    /// <summary>Whether the key holds a text.</summary>
    public bool IsText(string key) => TryGet(key, out JsonElement value) && value.ValueKind == JsonValueKind.String;

    /// <summary>An integer of at least 1.</summary>
    public int Size(string key) => OptionalSize(key) ?? throw Absent(key, "an integer above 0");

    /// <summary>An integer of at least 1, or null where the key is absent.</summary>
    public int? OptionalSize(string key)
    {
        if (Integer(key) is not { } value) return null;
        return value > 0 ? value : throw Wrong(key, $"is {value}; expected an integer above 0.");
    }

    /// <summary>An integer, or null where the key is absent.</summary>
    public int? Integer(string key)
    {
        if (!TryGet(key, out JsonElement value)) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            && number is >= int.MinValue and <= int.MaxValue && number == Math.Floor(number))
            return (int)number;
        throw Wrong(key, $"is {Quote(value)}; expected an integer of 32 bits.");
    }

    /// <summary>A finite number above 0, as a float32 too.</summary>
    public double Positive(string key, double? fallback = null)
    {
        if (OptionalNumber(key) is not { } value) return fallback ?? throw Absent(key, "a number above 0");
        return (float)value is > 0 and < float.PositiveInfinity ? value : throw Wrong(key, $"is {Text(value)}; expected a number above 0.");
    }

    /// <summary>A finite number, or null where the key is absent.</summary>
    public double? OptionalNumber(string key)
    {
        if (!TryGet(key, out JsonElement value)) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)) return number;
        throw Wrong(key, $"is {Quote(value)}; expected a number.");
    }

    /// <summary>Finite numbers.</summary>
    public double[] Numbers(string key)
    {
        if (!TryGet(key, out JsonElement value)) throw Absent(key, "a list of numbers");
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(key, $"is {Quote(value)}; expected a list of numbers.");
        return [.. value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out double number) && double.IsFinite(number)
                ? number
                : throw Wrong(key, $"holds {Quote(item)}; expected numbers."))];
    }

    /// <summary>Texts, or null where the key is absent.</summary>
    public string[]? OptionalTexts(string key)
    {
        if (!TryGet(key, out JsonElement value)) return null;
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(key, $"is {Quote(value)}; expected a list of texts.");
        return [.. value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.String ? Decode(key, item) : throw Wrong(key, $"holds {Quote(item)}; expected texts."))];
    }

    /// <summary>A truth value.</summary>
    public bool Flag(string key, bool fallback)
    {
        if (!TryGet(key, out JsonElement value)) return fallback;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Wrong(key, $"is {Quote(value)}; expected true or false.");
    }

    /// <summary>Text, or null where the key is absent.</summary>
    public string? OptionalText(string key)
    {
        if (!TryGet(key, out JsonElement value)) return null;
        return value.ValueKind == JsonValueKind.String ? Decode(key, value) : throw Wrong(key, $"is {Quote(value)}; expected a text.");
    }

    /// <summary>The object under a key, or null where the key is absent.</summary>
    public JsonSettings? Section(string key)
    {
        if (!TryGet(key, out JsonElement value)) return null;
        return value.ValueKind == JsonValueKind.Object
            ? new JsonSettings(_path, $"{_scope}{key}.", value)
            : throw Wrong(key, $"is {Quote(value)}; expected an object.");
    }

    /// <summary>An error about this file's key; <paramref name="problem"/> goes on after its name.</summary>
    public FileFormatException Wrong(string key, string problem) => new(_path, problem, _scope + key);

    /// <summary>An error about a key whose value is known but not supported.</summary>
    public FileFormatException Unsupported(string key, string got, string supported) =>
        Wrong(key, $"is '{got}', which is not supported; supported are {supported}.");

    private bool TryGet(string key, out JsonElement value) =>
        _object.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;

    private FileFormatException Absent(string key, string expected) => Wrong(key, $"is absent; expected {expected}.");

    // JSON is parsed as bytes, so a text that is no UTF-8 is noticed only here.
    private string Decode(string key, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            throw new FileFormatException(_path, "is a text that is not valid UTF-8.", _scope + key, inner: error);
        }
    }

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException error)
        {
            throw new FileFormatException(_path, "has a key that is not valid UTF-8.", _scope.Length > 0 ? _scope.TrimEnd('.') : null, inner: error);
        }
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A value for messages, shortened.</summary>
    public static string Quote(JsonElement value)
    {
        string text = Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(value)).ReplaceLineEndings(" ");
        return text.Length <= MaxQuoted ? text : string.Concat(text.AsSpan(0, MaxQuoted), "…");
    }
}
