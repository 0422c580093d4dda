using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Heed.Formats;
using Heed.Models;
using Heed.Tokenizers;

namespace Heed.Cli.Inspection;

/// <summary>A model's summary as one JSON object.</summary>
internal static class InspectionJson
{
    private static readonly JsonWriterOptions s_options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(ModelSummary summary)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, s_options))
        {
            json.WriteStartObject();
            json.WriteString("path", summary.Path);
            json.WriteString("format", summary.Format);
            json.WriteNumber("file_bytes", summary.FileBytes);
            json.WriteNumber("parameters", summary.Config.ParameterCount());
            WriteConfig(json, summary.Config);
            WriteMemory(json, summary);
            WriteTypes(json, summary);
            WriteTensors(json, summary);
            WriteTokenizer(json, summary);
            json.WriteStartObject("metadata");
            foreach ((string key, string value) in summary.Metadata) json.WriteString(key, value);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(text.ToArray()) + "\n";
    }

    private static void WriteConfig(Utf8JsonWriter json, ModelConfig config, string name = "config")
    {
        json.WriteStartObject(name);
        json.WriteString("architecture", config.Architecture);
        json.WriteNumber("context", config.MaxSeqLen);
        json.WriteNumber("layers", config.NumLayers);
        json.WriteNumber("hidden_size", config.HiddenSize);
        json.WriteNumber("feed_forward_size", config.FeedForwardSize);
        json.WriteString("mixer", config.Mixer.ToString());
        json.WriteNumber("heads", config.NumHeads);
        json.WriteNumber("kv_heads", config.KvHeads);
        json.WriteNumber("head_size", config.HeadSize);
        if (config.ValueHeadSize != config.HeadSize) json.WriteNumber("value_head_size", config.ValueHeadSize);
        json.WriteNumber("vocabulary", config.VocabSize);
        json.WriteBoolean("tied_embeddings", config.TieEmbeddings);
        json.WriteString("positions", config.Positions.ToString());
        json.WriteNumber("rope_base", config.RopeTheta);
        json.WriteString("rope_scaling", config.RopeScaling.Kind.ToString());
        json.WriteString("norm", config.Norm.ToString());
        json.WriteString("norm_placement", config.NormPlacement.ToString());
        json.WriteString("activation", config.Activation.ToString());
        json.WriteBoolean("gated_feed_forward", config.GatedFeedForward);
        json.WriteNumber("norm_epsilon", config.NormEpsilon);
        json.WriteNumber("window", config.Window);
        json.WriteNumber("windowed_layers", InspectionText.WindowedLayers(config));
        json.WriteBoolean("bidirectional", config.Bidirectional);
        json.WriteString("attention_pattern", config.AttentionPattern.ToString());
        json.WriteBoolean("attention_sinks", config.AttentionSinks);
        if (config.Encoder is not null) WriteConfig(json, config.Encoder, "encoder");
        json.WriteEndObject();
    }

    private static void WriteMemory(Utf8JsonWriter json, ModelSummary summary)
    {
        json.WriteStartObject("memory");
        json.WriteNumber("weights_resident_bytes", summary.Memory.ResidentBytes);
        json.WriteNumber("weights_mapped_bytes", summary.Memory.MappedBytes);
        json.WriteNumber("cache_bytes_per_token", summary.Memory.CacheBytesPerToken);
        json.WriteNumber("cache_bytes", summary.Memory.CacheBytes);
        foreach (RoundedCache rounded in summary.Memory.RoundedCacheBytes) json.WriteNumber($"cache_bytes_{rounded.Type}", rounded.Bytes);
        if (summary.Config.Encoder is not null) json.WriteNumber("source_cache_bytes", summary.Memory.SourceBytes);
        json.WriteEndObject();
    }

    private static void WriteTypes(Utf8JsonWriter json, ModelSummary summary)
    {
        json.WriteStartArray("types");
        foreach (TypeTotal total in summary.Types)
        {
            json.WriteStartObject();
            json.WriteString("type", total.Type);
            json.WriteNumber("tensors", total.Tensors);
            json.WriteNumber("elements", total.Elements);
            json.WriteNumber("bytes", total.Bytes);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteTensors(Utf8JsonWriter json, ModelSummary summary)
    {
        json.WriteStartArray("tensors");
        foreach (StoredTensor tensor in summary.Tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("type", tensor.Type.ToString());
            json.WriteStartArray("shape");
            foreach (long size in tensor.Shape) json.WriteNumberValue(size);
            json.WriteEndArray();
            json.WriteNumber("bytes", tensor.ByteLength);
            json.WriteNumber("offset", tensor.Offset);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteChat(Utf8JsonWriter json, ChatFormat? format)
    {
        json.WriteString("chat_format", format?.Kind.ToString());
        json.WriteString("tool_calls", format is null or { ToolCalls: ToolCallFormat.None } ? null : format.ToolCalls.ToString());
        json.WriteString("chat_template_problem", format?.TemplateProblem);
        if (format?.Template is not { } template)
        {
            json.WriteNull("chat_template");
            return;
        }
        json.WriteStartObject("chat_template");
        json.WriteNumber("characters", template.Source.Length);
        json.WriteBoolean("takes_tools", template.TakesTools);
        json.WriteEndObject();
    }

    private static void WriteTokenizer(Utf8JsonWriter json, ModelSummary summary)
    {
        WriteChat(json, summary.ChatFormat);
        if (summary.Tokenizer is not { } tokenizer)
        {
            json.WriteNull("tokenizer");
            return;
        }
        json.WriteStartObject("tokenizer");
        json.WriteString("kind", tokenizer.GetType().Name.Replace("Tokenizer", "", StringComparison.Ordinal));
        json.WriteNumber("tokens", tokenizer.VocabSize);
        WriteId(json, "bos", tokenizer.BosId);
        WriteId(json, "eos", tokenizer.EosId);
        json.WriteBoolean("adds_bos", tokenizer.AddsBos);
        json.WriteStartArray("stop");
        foreach (int id in tokenizer.StopIds.Order()) json.WriteNumberValue(id);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("sample");
        json.WriteString("text", summary.SampleText);
        json.WriteStartArray("ids");
        foreach (SampleToken token in summary.Sample) json.WriteNumberValue(token.Id);
        json.WriteEndArray();
        json.WriteStartArray("tokens");
        foreach (SampleToken token in summary.Sample) json.WriteStringValue(token.Text);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteId(Utf8JsonWriter json, string name, int? id)
    {
        if (id is { } value) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }
}
