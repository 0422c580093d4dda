using System.Text.Json;
using Heed.Models.Checkpoints;

namespace Heed.Models.Adapters;

/// <summary>PEFT's adapter_config.json.</summary>
internal static class PeftConfig
{
    /// <summary>Reads the file.</summary>
    /// <exception cref="FileFormatException">It is damaged, or asks for what is not supported.</exception>
    public static LoraConfig Read(string path, out string? baseModel)
    {
        JsonSettings json = JsonSettings.Read(path);
        string type = json.OptionalText("peft_type") ?? throw json.Wrong("peft_type", "is absent; expected LORA.");
        if (type != "LORA") throw json.Unsupported("peft_type", type, "LORA");
        CheckSupported(json);
        baseModel = json.OptionalText("base_model_name_or_path");
        double dropout = json.OptionalNumber("lora_dropout") ?? 0;
        if (!((float)dropout >= 0 && (float)dropout < 1)) throw json.Wrong("lora_dropout", $"is {dropout:R}; expected 0 or more, below 1.");
        return new LoraConfig
        {
            Rank = json.Size("r"),
            Alpha = (float)json.Positive("lora_alpha", 8),
            Dropout = (float)dropout,
            Targets = Targets(json),
            RankStabilized = json.Flag("use_rslora", fallback: false),
        };
    }

    /// <summary>The file's contents.</summary>
    public static byte[] Write(LoraConfig config, string? baseModel)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("peft_type", "LORA");
            json.WriteString("task_type", "CAUSAL_LM");
            json.WriteString("base_model_name_or_path", baseModel);
            json.WriteNumber("r", config.Rank);
            json.WriteNumber("lora_alpha", config.Alpha);
            json.WriteNumber("lora_dropout", config.Dropout);
            json.WriteBoolean("use_rslora", config.RankStabilized);
            json.WriteStartArray("target_modules");
            foreach (string target in config.Targets) json.WriteStringValue(target);
            json.WriteEndArray();
            json.WriteString("bias", "none");
            json.WriteBoolean("fan_in_fan_out", value: false);
            json.WriteBoolean("inference_mode", value: true);
            json.WriteBoolean("init_lora_weights", value: true);
            json.WriteNull("modules_to_save");
            json.WriteStartObject("rank_pattern");
            json.WriteEndObject();
            json.WriteStartObject("alpha_pattern");
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private static void CheckSupported(JsonSettings json)
    {
        if (json.OptionalText("bias") is { } bias && bias != "none") throw json.Unsupported("bias", bias, "none");
        foreach (string flag in (string[])["use_dora", "fan_in_fan_out", "lora_bias", "use_qalora"])
            if (json.Flag(flag, fallback: false)) throw json.Unsupported(flag, "true", "false");
        foreach (string pattern in (string[])["rank_pattern", "alpha_pattern"])
            if (json.Section(pattern) is { IsEmpty: false }) throw json.Wrong(pattern, "gives single layers values of their own, which is not supported; expected an empty object.");
        foreach (string key in (string[])["modules_to_save", "layers_to_transform", "layers_pattern", "layer_replication", "exclude_modules", "target_parameters", "trainable_token_indices", "megatron_config"])
            if (json.Has(key) && !json.IsEmptyList(key)) throw json.Wrong(key, "is given, which is not supported; expected null: the same layers in every block.");
    }

    private static string[] Targets(JsonSettings json)
    {
        if (json.IsText("target_modules"))
        {
            string text = json.OptionalText("target_modules")!;
            return text == "all-linear" ? [.. LoraConfig.AllTargets] : throw json.Unsupported("target_modules", text, "a list of names, all-linear");
        }
        string[] targets = json.OptionalTexts("target_modules") ?? throw json.Wrong("target_modules", "is absent; expected a list of names.");
        if (targets.Length == 0) throw json.Wrong("target_modules", "is empty; expected a list of names.");
        foreach (string target in targets)
            if (!LoraConfig.AllTargets.Contains(target)) throw json.Unsupported("target_modules", target, string.Join(", ", LoraConfig.AllTargets));
        return [.. targets.Distinct()];
    }
}
