using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Training;

/// <summary>What a run hangs on besides its options, as text that a checkpoint keeps and compares.</summary>
internal static class ConditionText
{
    /// <summary>Adds every property that can be set of a record as "prefix.Name"; records within it follow by their own names.</summary>
    public static void Add(SortedDictionary<string, string> settings, string prefix, object record)
    {
        foreach (PropertyInfo property in record.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            string name = $"{prefix}.{property.Name}";
            object? value = property.GetValue(record);
            if (value is null or string or IEnumerable or IFormattable or bool) settings[name] = Text(value);
            else Add(settings, name, value);
        }
    }

    /// <summary>Which tensors are trained: their number, their size, and a hash of their names and shapes.</summary>
    public static string Of(IReadOnlyList<Parameter> parameters)
    {
        string names = string.Join('\n', parameters.Select(parameter => $"{parameter.Name} {WholeOf(parameter)}"));
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(names)).AsSpan(0, 8));
        return string.Create(CultureInfo.InvariantCulture, $"{parameters.Count} tensors of {parameters.Sum(parameter => (long)WholeOf(parameter).ElementCount)} numbers ({hash})");
    }

    /// <summary>The shape without ranks that share a model: a run says nothing of them.</summary>
    public static Shape WholeOf(Parameter parameter) => parameter.Shard?.Whole ?? parameter.Value.Shape;

    private static string Text(object? value) => value switch
    {
        null => "none",
        string text => text,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable list => string.Join(',', list.Cast<object?>().Select(Text)),
        _ => value.ToString() ?? "",
    };
}
