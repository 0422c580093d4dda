using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Heed.Inference;
using Heed.Tokenizers;

namespace Heed.Cli;

/// <summary>A completion as lines of JSON, one object for each piece; the last one has finish_reason and usage.</summary>
internal sealed class JsonLinesOutput(StandardOutput output, Tokenizer tokenizer) : ICompletionOutput
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly ArrayBufferWriter<byte> _line = new();

    public void Write(CompletionPiece piece) => WriteLine(json =>
    {
        if (piece.IsPrompt) json.WriteBoolean("prompt", true);
        json.WriteString("text", piece.Text);
        json.WriteStartArray("tokens");
        foreach (int id in piece.TokenIds) json.WriteNumberValue(id);
        json.WriteEndArray();
        if (piece.LogProbabilities.Count > 0)
        {
            json.WriteStartArray("logprobs");
            foreach (float value in piece.LogProbabilities) WriteLogProbability(json, value);
            json.WriteEndArray();
        }
        if (piece.TopLogProbabilities.Count > 0) WriteTop(json, piece.TopLogProbabilities);
        if (piece.FinishReason is { } reason) json.WriteString("finish_reason", NameOf(reason));
        if (piece.Usage is { } usage) WriteUsage(json, usage);
    });

    public void Stopped() => WriteLine(json =>
    {
        json.WriteString("text", "");
        json.WriteStartArray("tokens");
        json.WriteEndArray();
        json.WriteString("finish_reason", "interrupted");
    });

    /// <summary>The reason as this program writes it.</summary>
    public static string NameOf(FinishReason reason) => reason switch
    {
        FinishReason.EndToken => "end_token",
        FinishReason.Stop => "stop",
        FinishReason.MaxTokens => "max_tokens",
        FinishReason.ToolCalls => "tool_calls",
        _ => "context_full",
    };

    private void WriteTop(Utf8JsonWriter json, IReadOnlyList<IReadOnlyList<TokenLogProbability>> places)
    {
        json.WriteStartArray("top_logprobs");
        foreach (IReadOnlyList<TokenLogProbability> place in places)
        {
            json.WriteStartArray();
            foreach ((int token, float value) in place)
            {
                json.WriteStartObject();
                json.WriteNumber("id", token);
                json.WriteString("text", TextOf(token));
                json.WritePropertyName("logprob");
                WriteLogProbability(json, value);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private string TextOf(int token) => token >= tokenizer.VocabSize ? ""
        : tokenizer.IsSpecial(token) ? tokenizer.TokenText(token) : Encoding.UTF8.GetString(tokenizer.TokenBytes(token));

    // JSON has no word for −∞, of a token in a prompt that the model takes for impossible.
    private static void WriteLogProbability(Utf8JsonWriter json, float value)
    {
        if (float.IsFinite(value)) json.WriteNumberValue(value);
        else json.WriteNullValue();
    }

    private static void WriteUsage(Utf8JsonWriter json, Usage usage)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", usage.PromptTokens);
        json.WriteNumber("completion_tokens", usage.CompletionTokens);
        json.WriteNumber("prefill_ms", Math.Round(usage.Prefill.TotalMilliseconds, 3));
        json.WriteNumber("decode_ms", Math.Round(usage.Decode.TotalMilliseconds, 3));
        json.WriteEndObject();
    }

    private void WriteLine(Action<Utf8JsonWriter> members)
    {
        _line.ResetWrittenCount();
        using (Utf8JsonWriter json = new(_line, s_options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        _line.Write("\n"u8);
        output.Write(_line.WrittenSpan);
    }
}
