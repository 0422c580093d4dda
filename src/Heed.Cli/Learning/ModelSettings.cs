using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Heed.Models;

namespace Heed.Cli.Learning;

/// <summary>Sets properties of a <see cref="ModelConfig"/> by name: from a JSON file, or one by one from the command line.</summary>
internal static class ModelSettings
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNameCaseInsensitive = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(allowIntegerValues: false) },
    };

    private static readonly PropertyInfo[] s_properties =
        [.. typeof(ModelConfig).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite)];

    /// <summary>The names that may be set.</summary>
    public static IEnumerable<string> Names => s_properties.Select(property => property.Name);

    /// <summary>The configuration with what a JSON object says; names are those of ModelConfig, also as hidden_size.</summary>
    /// <exception cref="FileFormatException">It is no JSON object, or a name or value is wrong.</exception>
    public static ModelConfig ApplyFile(ModelConfig config, string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new FileFormatException(path, $"got {document.RootElement.ValueKind}, expected an object of ModelConfig's properties.");
            ModelConfig result = config with { };
            // An encoder begins as what the other settings make of the model.
            foreach (JsonProperty member in document.RootElement.EnumerateObject().OrderBy(member => IsEncoders(member.Name)))
                Set(result, member.Name, member.Value.GetRawText(), problem => new FileFormatException(path, problem));
            return result;
        }
        catch (JsonException e)
        {
            throw new FileFormatException(path, $"not valid JSON: {e.Message}", inner: e);
        }
    }

    /// <summary>The configuration with NAME=VALUE; a value is JSON, or a word for a choice: Activation=GeluTanh.</summary>
    /// <param name="config">What it was.</param>
    /// <param name="setting">NAME=VALUE.</param>
    /// <param name="option">Where that stands, for errors.</param>
    /// <exception cref="CommandException">The name or value is wrong.</exception>
    public static ModelConfig Apply(ModelConfig config, string setting, string option)
    {
        CommandException Wrong(string problem) => new($"{option}: {problem}", ExitCodes.Usage);
        int equals = setting.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1) throw Wrong($"got '{setting}'; expected NAME=VALUE, as in NumLayers=6.");
        ModelConfig result = config with { };
        Set(result, setting[..equals].Trim(), setting[(equals + 1)..].Trim(), Wrong);
        return result;
    }

    /// <inheritdoc cref="Apply(ModelConfig, string, string)"/>
    public static ModelConfig Apply(ModelConfig config, string setting) => Apply(config, setting, "--set");

    /// <summary>Whether a setting is one of the encoder's: Encoder.NumLayers=2.</summary>
    public static bool IsEncoders(string setting) => setting.StartsWith(nameof(ModelConfig.Encoder), StringComparison.OrdinalIgnoreCase);

    /// <summary>The property that NAME=VALUE sets, as it is written in ModelConfig.</summary>
    public static string NameOf(string setting)
    {
        string plain = setting.Split('=')[0].Trim().Replace("_", "", StringComparison.Ordinal);
        return Names.FirstOrDefault(known => known.Equals(plain, StringComparison.OrdinalIgnoreCase)) ?? plain;
    }

    private static void Set(ModelConfig config, string name, string json, Func<string, Exception> wrong)
    {
        if (IsEncoders(name))
        {
            SetEncoder(config, name[nameof(ModelConfig.Encoder).Length..].TrimStart('.'), json, wrong);
            return;
        }
        string plain = name.Replace("_", "", StringComparison.Ordinal);
        PropertyInfo property = Array.Find(s_properties, known => known.Name.Equals(plain, StringComparison.OrdinalIgnoreCase))
            ?? throw wrong($"there is no setting '{name}'; expected one of {string.Join(", ", Names)}.");
        try
        {
            property.SetValue(config, Parse(json, property.PropertyType));
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw wrong($"{property.Name} is '{json}'; expected {Expected(property.PropertyType)}.");
        }
    }

    /// <summary>One setting of the encoder, or an object of several; an encoder that is not there yet is like the model.</summary>
    private static void SetEncoder(ModelConfig config, string name, string json, Func<string, Exception> wrong)
    {
        ModelConfig encoder = (config.Encoder ?? config.WithEncoder().Encoder!) with { };
        if (name.Length > 0)
        {
            Set(encoder, name, json, wrong);
        }
        else
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(json);
                if (document.RootElement.ValueKind != JsonValueKind.Object) throw new JsonException("no object");
                foreach (JsonProperty member in document.RootElement.EnumerateObject()) Set(encoder, member.Name, member.Value.GetRawText(), wrong);
            }
            catch (JsonException)
            {
                throw wrong($"Encoder is '{json}'; expected an object of ModelConfig's properties, as in {{\"NumLayers\": 2}}, or one of them as in Encoder.NumLayers=2.");
            }
        }
        typeof(ModelConfig).GetProperty(nameof(ModelConfig.Encoder))!.SetValue(config, encoder);
    }

    private static object? Parse(string json, Type type)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        bool isWord = plain == typeof(string) || plain.IsEnum;
        bool isQuoted = json.StartsWith('"') || json == "null";
        if (isWord && !isQuoted) json = JsonSerializer.Serialize(json);
        if (plain == typeof(bool)) json = json.ToLower(CultureInfo.InvariantCulture);
        // The names of a choice would be taken for flags, several at once.
        if ((plain.IsEnum || plain.IsClass && plain != typeof(string)) && json.Split('"').Where((_, i) => i % 2 == 1).Any(word => word.Contains(',', StringComparison.Ordinal))) throw new JsonException("several");
        object? value = JsonSerializer.Deserialize(json, type, s_json);
        return value is null && Nullable.GetUnderlyingType(type) is null ? throw new JsonException("null") : value;
    }

    private static string Expected(Type type)
    {
        string orNull = Nullable.GetUnderlyingType(type) is { } ? " or null" : "";
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        string kind = plain.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(plain))}"
            : plain == typeof(bool) ? "true or false"
            : plain == typeof(int) ? "a whole number"
            : plain == typeof(string) ? "a text"
            : plain.IsPrimitive ? "a number"
            : """an object such as {"Kind": "Linear", "Factor": 2}""";
        return kind + orNull;
    }
}
