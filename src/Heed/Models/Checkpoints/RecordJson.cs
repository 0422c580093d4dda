using System.Collections;
using System.Reflection;
using System.Text.Json;

namespace Heed.Models.Checkpoints;

/// <summary>
/// Records of settings as JSON objects, by reflection: each property under its snake_case name, so that a new one is
/// written and read without a line here. Properties that others are worked out from have setters; the others are left out.
/// </summary>
internal static class RecordJson
{
    /// <summary>The name of a property in a file.</summary>
    public static string KeyOf(PropertyInfo property) => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);

    /// <summary>The properties of a record that are written, in the order of their declaration.</summary>
    public static IEnumerable<PropertyInfo> PropertiesOf(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.CanWrite && property.GetIndexParameters().Length == 0).OrderBy(property => property.MetadataToken);

    /// <summary>Writes all properties of a record into the object that is begun.</summary>
    /// <exception cref="ArgumentException">A number is not finite, or an enum's value has no name.</exception>
    /// <exception cref="NotSupportedException">A property has a type that cannot be written.</exception>
    public static void Write(Utf8JsonWriter json, object record)
    {
        foreach (PropertyInfo property in PropertiesOf(record.GetType()))
        {
            json.WritePropertyName(KeyOf(property));
            WriteValue(json, property.GetValue(record), property.Name);
        }
    }

    /// <summary>Sets the properties of a fresh record that a file names; the others keep their defaults.</summary>
    /// <param name="json">The file's object.</param>
    /// <param name="besides">Keys that are no properties.</param>
    /// <exception cref="FileFormatException">A key is unknown, or a value is of another type.</exception>
    public static T Read<T>(JsonSettings json, params ReadOnlySpan<string> besides) where T : class => (T)Read(json, typeof(T), besides);

    private static object Read(JsonSettings json, Type type, ReadOnlySpan<string> besides)
    {
        object record = Fresh(type);
        Dictionary<string, PropertyInfo> known = PropertiesOf(type).ToDictionary(KeyOf, StringComparer.Ordinal);
        foreach ((string key, JsonElement value) in json.Entries())
        {
            if (known.TryGetValue(key, out PropertyInfo? property)) property.SetValue(record, ReadValue(json, key, value, property));
            else if (!besides.Contains(key))
                throw json.Wrong(key, $"is no setting that this version of Heed knows (a newer one may have written it); expected {string.Join(", ", known.Keys)}.");
        }
        return record;
    }

    private static object? ReadValue(JsonSettings json, string key, JsonElement value, PropertyInfo property)
    {
        Type? inner = Nullable.GetUnderlyingType(property.PropertyType);
        if (value.ValueKind != JsonValueKind.Null) return ReadValue(json, key, value, inner ?? property.PropertyType, "is");
        bool isNullable = inner is not null || (!property.PropertyType.IsValueType && IsNullable(property));
        return isNullable ? null : throw json.Wrong(key, $"is null; expected {Expected(property.PropertyType)}.");
    }

    private static object ReadValue(JsonSettings json, string key, JsonElement value, Type type, string holds)
    {
        if (ElementOf(type) is { } element && value.ValueKind == JsonValueKind.Array)
        {
            Array list = Array.CreateInstance(element, value.GetArrayLength());
            int i = 0;
            foreach (JsonElement item in value.EnumerateArray()) list.SetValue(ReadValue(json, key, item, element, "holds"), i++);
            return list;
        }
        if (IsRecord(type) && value.ValueKind == JsonValueKind.Object) return Read(json.Section(key)!, type, []);
        return Plain(value, type) ?? throw json.Wrong(key, $"{holds} {JsonSettings.Quote(value)}; expected {Expected(type)}.");
    }

    private static object? Plain(JsonElement value, Type type)
    {
        bool isNumber = value.ValueKind == JsonValueKind.Number;
        if (type == typeof(bool)) return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;
        if (type == typeof(int)) return isNumber && value.TryGetInt32(out int whole) ? whole : null;
        if (type == typeof(long)) return isNumber && value.TryGetInt64(out long whole) ? whole : null;
        // Not by way of a double, which would round twice.
        if (type == typeof(float)) return isNumber && value.TryGetSingle(out float number) && float.IsFinite(number) ? number : null;
        if (type == typeof(double)) return isNumber && value.TryGetDouble(out double number) && double.IsFinite(number) ? number : null;
        if (value.ValueKind != JsonValueKind.String || !(type == typeof(string) || type.IsEnum)) return null;
        string? text = Text(value);
        if (!type.IsEnum || text is null) return text;
        return Enum.GetNames(type).Contains(text, StringComparer.Ordinal) ? Enum.Parse(type, text) : null;
    }

    // JSON is parsed as bytes, so a text that is no UTF-8 is noticed only here.
    private static string? Text(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static void WriteValue(Utf8JsonWriter json, object? value, string name)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case int number: json.WriteNumberValue(number); break;
            case long number: json.WriteNumberValue(number); break;
            case float number when float.IsFinite(number): json.WriteNumberValue(number); break;
            case double number when double.IsFinite(number): json.WriteNumberValue(number); break;
            case float or double: throw new ArgumentException($"{name} is {value}; expected a finite number, which a file can hold.");
            case string text: json.WriteStringValue(text); break;
            case Enum choice when Enum.IsDefined(choice.GetType(), choice): json.WriteStringValue(choice.ToString()); break;
            case Enum: throw new ArgumentException($"{name} is {value}; expected {Expected(value.GetType())}.");
            case IEnumerable list:
                json.WriteStartArray();
                foreach (object? item in list) WriteValue(json, item, name);
                json.WriteEndArray();
                break;
            case object record when IsRecord(record.GetType()):
                json.WriteStartObject();
                Write(json, record);
                json.WriteEndObject();
                break;
            default: throw Unsupported(name, value.GetType());
        }
    }

    // A record's primary constructor, with its own defaults.
    private static object Fresh(Type type)
    {
        ConstructorInfo constructor = type.GetConstructors().OrderByDescending(one => one.GetParameters().Length).First();
        return constructor.Invoke([.. constructor.GetParameters().Select(parameter =>
            parameter.HasDefaultValue ? parameter.DefaultValue : parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType) : null)]);
    }

    private static bool IsNullable(PropertyInfo property) => new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable;

    private static bool IsRecord(Type type) => type.IsClass && type != typeof(string) && !type.IsAbstract && ElementOf(type) is null && type.Assembly == typeof(RecordJson).Assembly;

    private static Type? ElementOf(Type type) => type.IsArray ? type.GetElementType()
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0]
        : null;

    private static string Expected(Type type) => type switch
    {
        { IsEnum: true } => $"one of {string.Join(", ", Enum.GetNames(type))}",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(int) => "an integer of 32 bits",
        _ when type == typeof(long) => "an integer of 64 bits",
        _ when type == typeof(float) || type == typeof(double) => "a finite number",
        _ when type == typeof(string) => "a text",
        _ when ElementOf(type) is { } element => $"a list, each {Expected(element)}",
        _ when IsRecord(type) => "an object",
        _ => throw Unsupported("a property", type),
    };

    private static NotSupportedException Unsupported(string name, Type type) => new($"RecordJson: {name} has the type {type}, which has no form in a file.");
}
