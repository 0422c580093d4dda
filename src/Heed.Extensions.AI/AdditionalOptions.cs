using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heed.Inference;
using Heed.Inference.Chat;
using Microsoft.Extensions.AI;

namespace Heed.Extensions.AI;

/// <summary>The options of a request that the abstractions have no names for.</summary>
internal static class AdditionalOptions
{
    private const string Known = "min_p, typical_p, repetition_penalty, penalty_window, drop_turns, template_variables";

    /// <exception cref="NotSupportedException">A name is not known.</exception>
    /// <exception cref="ArgumentException">A value is of the wrong kind.</exception>
    public static ChatSettings Apply(AdditionalPropertiesDictionary? properties, ChatSettings settings)
    {
        foreach ((string name, object? value) in properties ?? [])
        {
            GenerationOptions generation = settings.Generation!;
            settings = name switch
            {
                "min_p" => settings with { Generation = generation with { MinP = Number(name, value) } },
                "typical_p" => settings with { Generation = generation with { TypicalP = Number(name, value) } },
                "repetition_penalty" => settings with { Generation = generation with { RepetitionPenalty = Number(name, value) } },
                "penalty_window" => settings with { Generation = generation with { PenaltyWindow = Whole(name, value) } },
                "drop_turns" => settings with { DropTurns = Truth(name, value) },
                "template_variables" => settings with { TemplateVariables = Variables(name, value, settings.TemplateVariables) },
                _ => throw new NotSupportedException($"ChatOptions: AdditionalProperties has '{name}'; expected {Known}. A RawRepresentationFactory may give a GenerationOptions with all that there is."),
            };
        }
        return settings;
    }

    private static float Number(string name, object? value) => value switch
    {
        JsonElement { ValueKind: JsonValueKind.Number } json => json.GetSingle(),
        float or double or decimal or int or long => Convert.ToSingle(value, CultureInfo.InvariantCulture),
        _ => throw Wrong(name, value, "a number"),
    };

    private static int Whole(string name, object? value) => Number(name, value) is var number && number == MathF.Truncate(number) && Math.Abs(number) < 1 << 24
        ? (int)number
        : throw Wrong(name, value, "a whole number");

    private static bool Truth(string name, object? value) => value switch
    {
        bool truth => truth,
        JsonElement { ValueKind: JsonValueKind.True or JsonValueKind.False } json => json.GetBoolean(),
        _ => throw Wrong(name, value, "true or false"),
    };

    private static JsonObject Variables(string name, object? value, JsonObject? before)
    {
        JsonObject given = value switch
        {
            JsonObject node => (JsonObject)node.DeepClone(),
            JsonElement { ValueKind: JsonValueKind.Object } json => JsonObject.Create(json)!,
            IReadOnlyDictionary<string, object?> map => (JsonObject)JsonSerializer.SerializeToNode(map, AIJsonUtilities.DefaultOptions.GetTypeInfo(map.GetType()))!,
            _ => throw Wrong(name, value, "a JSON object"),
        };
        foreach ((string key, JsonNode? node) in before ?? []) given.TryAdd(key, node?.DeepClone());
        return given;
    }

    private static ArgumentException Wrong(string name, object? value, string expected) =>
        new($"ChatOptions: '{name}' in AdditionalProperties is {value ?? "null"}; expected {expected}.", "options");
}
