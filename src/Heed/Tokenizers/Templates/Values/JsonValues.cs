using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heed.Tokenizers.Templates.Execution;

namespace Heed.Tokenizers.Templates.Values;

/// <summary>JSON from outside as values.</summary>
internal static class JsonValues
{
    private static readonly string[] s_roles = ["system", "user", "assistant", "tool", "developer", "function", "ipython", "model"];

    public static Value Of(JsonNode? node, TextOrigin origin, RenderContext context)
    {
        context.Enter();
        Value value = node switch
        {
            null => NoneValue.Instance,
            JsonArray array => new SequenceValue([.. array.Select(item => Of(item, origin, context))]),
            JsonObject entries => OfObject(entries, origin, context),
            _ => OfScalar(node, origin, context),
        };
        context.Leave();
        return value;
    }

    /// <summary>
    /// Messages. Templates write roles into markers, as in &lt;|user|&gt;, so a role's well-known name counts as the template's own;
    /// it can spell nothing else.
    /// </summary>
    public static Value OfMessages(JsonArray messages, RenderContext context)
    {
        List<Value> values = [];
        foreach (JsonNode? message in messages)
        {
            Value value = Of(message, TextOrigin.Input, context);
            if (value is MappingValue entries && Text(entries, "role") is { } role && s_roles.Contains(role))
            {
                entries.Set("role", TextValue.FromTemplate(role));
                if (role is "assistant" or "model" && Text(entries, "content") is { } said) entries.Set("content", new TextValue(said, TextOrigin.Input | TextOrigin.Said));
            }

            values.Add(value);
        }

        return new SequenceValue(values);
    }

    private static string? Text(MappingValue entries, string key) => entries.TryGet(TextValue.FromTemplate(key), out Value? value) && value is TextValue text ? text.Text : null;

    private static MappingValue OfObject(JsonObject entries, TextOrigin origin, RenderContext context)
    {
        MappingValue mapping = new();
        foreach ((string key, JsonNode? value) in entries)
        {
            context.ChargeReading(key.Length);
            mapping.Set(new TextValue(key, origin), Of(value, origin, context));
        }

        return mapping;
    }

    private static Value OfScalar(JsonNode node, TextOrigin origin, RenderContext context)
    {
        switch (node.GetValueKind())
        {
            case JsonValueKind.String:
                string text = node.AsValue().TryGetValue(out string? known) ? known : node.ToJsonString().Trim('"');
                context.ChargeText(0, text.Length);
                return new TextValue(text, origin);
            case JsonValueKind.True: return BooleanValue.True;
            case JsonValueKind.False: return BooleanValue.False;
            case JsonValueKind.Null: return NoneValue.Instance;
            default: return OfNumber(node.ToJsonString(), context);
        }
    }

    private static Value OfNumber(string digits, RenderContext context)
    {
        if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)) return new IntegerValue(whole);
        if (digits.AsSpan().IndexOfAny(".eE") < 0) throw context.Error($"input: the whole number {(digits.Length > 40 ? digits[..40] + "…" : digits)} does not fit into 64 bits.");
        return new FloatValue(double.Parse(digits, CultureInfo.InvariantCulture));
    }
}
